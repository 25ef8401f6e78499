"""Starting Python processes that share nothing with this one but what they are handed."""

import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO

_BOOT = "import sys; sys.path[:0] = sys.argv.pop(1).split(':'); import runpy; runpy._run_module_as_main({module!r})"


def library_paths() -> list[str]:
    """Return the folders of what a child needs, found without importing any of it."""
    folders = [str(Path(__file__).resolve().parents[3])]
    for name in ("wasmtime", "componentize_py"):
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            folders.append(str(Path(spec.origin).resolve().parents[1]))
    return list(dict.fromkeys(folders))


def start_python(
    module: str,
    arguments: Sequence[str],
    *,
    cwd: Path | str,
    inherit: Sequence[int],
    output: IO[bytes] | int,
    home: str = "",
) -> subprocess.Popen[bytes]:
    """Start a module of this distribution in a process and process group of its own.

    Isolated mode: an environment without secrets, no user packages, no ``.pth`` code, no path but the named libraries.

    Args:
        inherit: descriptors that the child gets under the same numbers; every other one is closed.
        output: where both of its outputs go.
        home: folder for temporary files; none when empty.
    """
    command = [sys.executable, "-I", "-S", "-c", _BOOT.format(module=module), ":".join(library_paths()), *arguments]
    environment = {"HOME": home, "TMPDIR": home, "PATH": ""} if home else {}
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=cwd, env=environment,
        pass_fds=list(inherit), close_fds=True, start_new_session=True,
    )  # fmt: skip
