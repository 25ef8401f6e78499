"""What goes into a component, laid out in a folder of its own: server code, guest SDK, contract, and nothing else."""

import hashlib
import importlib
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from shimin.adapters.wasm.engine import engine_name

SOURCE_FILES_MAX = 500
SOURCE_BYTES_MAX = 8 * 1024 * 1024
WORLD = "mini-app"
ENTRY_MODULE = "shimin_entry"
_RESERVED = frozenset({"shimin_entry", "shimin_package", "shimin_sdk", "wit_world", "poll_loop"})
"""Top-level names inside the guest that belong to the platform."""
_ENTRY_SOURCE = '''"""Ties the server code to the sandbox contract; written by the build."""

import {module} as entry

from shimin_sdk.guest_entry import bind

Handler = bind(entry)
'''


class SourceRefused(Exception):  # noqa: N818 - an answer
    """The package's server code is not laid out as a component can be built from."""


def sdk_folder() -> Path:
    """Return the installed SDK's package folder, without importing it.

    Raises:
        SourceRefused: it is not installed.
    """
    spec = find_spec("shimin_sdk")
    if spec is None or not spec.submodule_search_locations:
        message = "the package shimin-sdk is not installed here"
        raise SourceRefused(message)
    return Path(spec.submodule_search_locations[0])


def contract_folder() -> Path:
    """Return the folder of the sandbox contract (WIT): inside the installed SDK, or beside it in a checkout."""
    sdk = sdk_folder()
    for folder in (sdk / "wit", sdk.parent / "wit"):
        if (folder / "shimin.wit").is_file():
            return folder
    message = f"no shimin.wit in {sdk / 'wit'}"
    raise SourceRefused(message)


def stage(source_dir: Path, entry: str, target: Path) -> str:
    """Lay out everything that goes into the component under ``target``; return its digest.

    Args:
        source_dir: the package's folder.
        entry: path of the module that defines ``app``, such as ``server/app.py``.
        target: a new folder; gets ``server/``, ``platform/`` and ``wit/``.

    Returns:
        ``sha256:<hex>`` over every file's path and content and the versions of the tools: same digest, same behaviour.

    Raises:
        SourceRefused: the entry is missing, a name is reserved, or the source is too big.
    """
    path = PurePosixPath(entry)
    if (
        path.is_absolute()
        or path.parent == PurePosixPath()
        or path.parent.parent != PurePosixPath()
        or ".." in path.parts
        or path.suffix != ".py"
        or not path.stem.isidentifier()
    ):
        message = f"the entry must be a Python file in a folder of the package, such as server/app.py: {entry[:100]}"
        raise SourceRefused(message)
    server = source_dir / path.parts[0]
    if server.is_symlink() or not (server / path.name).is_file():
        message = f"the package has no {entry[:100]}"
        raise SourceRefused(message)
    files = dict(_server_files(server)) | dict(_platform_files(source_dir, path.stem))
    for name, content in files.items():
        written = target / name
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_bytes(content)
    return _digest(files)


def _server_files(server: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the server code: Python files alone, no links."""
    count = size = 0
    for file in sorted(server.rglob("*")):
        relative = file.relative_to(server)
        if file.is_symlink():
            message = f"{relative} is a link"
            raise SourceRefused(message)
        if not file.is_file() or file.suffix != ".py":
            continue
        if relative.parts[0].removesuffix(".py") in _RESERVED or relative.parts[0].startswith("componentize_py"):
            message = f"the name {relative.parts[0]} is the platform's; choose another"
            raise SourceRefused(message)
        content = file.read_bytes()
        count, size = count + 1, size + len(content)
        if count > SOURCE_FILES_MAX or size > SOURCE_BYTES_MAX:
            message = f"more than {SOURCE_FILES_MAX} files or {SOURCE_BYTES_MAX} bytes of server code"
            raise SourceRefused(message)
        yield f"server/{relative.as_posix()}", content


def _platform_files(source_dir: Path, entry_module: str) -> Iterator[tuple[str, bytes]]:
    """Yield the guest part of the SDK, the package's texts as a module, the entry and the contract."""
    for file in sorted(sdk_folder().glob("*.py")):
        yield f"platform/shimin_sdk/{file.name}", file.read_bytes()
    yield f"platform/{ENTRY_MODULE}.py", _ENTRY_SOURCE.format(module=entry_module).encode()
    if (source_dir / "manifest.json").is_file():
        embed = importlib.import_module("shimin_sdk.pack").embed
        yield "platform/shimin_package.py", embed(source_dir).encode()
    for file in sorted(contract_folder().glob("*.wit")):
        yield f"wit/{file.name}", file.read_bytes()


def _digest(files: dict[str, bytes]) -> str:
    """Return the digest over the files and the tools that turn them into code."""
    total = hashlib.sha256()
    total.update(f"componentize-py/{version('componentize-py')} {engine_name()}\n".encode())
    for name in sorted(files):
        total.update(f"{name} {hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return f"sha256:{total.hexdigest()}"
