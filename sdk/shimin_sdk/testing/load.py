"""Loading a mini-app's server code from its folder, each time anew and without traces in ``sys.modules``."""

import importlib.util
import sys
from pathlib import Path

from shimin_sdk.app import App
from shimin_sdk.pack.embed import package_data


def load_app(package_dir: Path) -> App:
    """Return the ``app`` that the manifest's ``shimin.server.entry`` defines, with its package around it.

    Raises:
        FileNotFoundError: the entry is missing.
        AttributeError: the entry defines no ``app``.
    """
    package_dir = package_dir.resolve()  # modules say where they come from by absolute paths
    data = package_data(package_dir)
    entry = package_dir / data.manifest["shimin"]["server"]["entry"]
    if not entry.is_file():
        msg = f"{entry} is missing; manifest.json names it as shimin.server.entry"
        raise FileNotFoundError(msg)
    before = set(sys.modules)
    sys.path.insert(0, str(entry.parent))
    name = f"shimin_app_{data.app_id.replace('.', '_').replace('-', '_')}"
    try:
        spec = importlib.util.spec_from_file_location(name, entry)
        if spec is None or spec.loader is None:
            msg = f"{entry} is no Python file"
            raise FileNotFoundError(msg)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(entry.parent))
        for added in set(sys.modules) - before:
            origin = getattr(sys.modules[added], "__file__", None) or ""
            if origin.startswith(f"{entry.parent}/"):
                del sys.modules[added]
    app = getattr(module, "app", None)
    if not isinstance(app, App):
        msg = f"{entry} defines no app; write: app = App()"
        raise AttributeError(msg)  # noqa: TRY004 - the attribute is what is missing
    app.use_package(data)
    return app
