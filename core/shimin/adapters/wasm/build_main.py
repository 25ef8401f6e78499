"""The process that builds one component: jailed to its folder, without network, killed as a group when late.

Started by ``build``; never imported by the server. Says each step on the given descriptor, one line each, and leaves
its result in ``report.json``.
"""

import hashlib
import json
import os
import resource
import sys
import sysconfig
from pathlib import Path

from shimin.adapters.wasm import jail
from shimin.adapters.wasm.engine import open_engine
from shimin.adapters.wasm.inspection import ComponentRefused, check_imports, count_functions

MEMORY_BYTES_MAX = 4 * 1024**3
FILE_BYTES_MAX = 512 * 1024**2
PROCESSOR_S_MAX = 600
_EXIT_REFUSED = 3


def _confine(work_dir: Path) -> None:
    """Leave this process the tools' files to read, its own folder to write, and no network, where the kernel can."""
    jail.drop_privileges()
    jail.limit(
        {
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_CPU: PROCESSOR_S_MAX,
            resource.RLIMIT_DATA: MEMORY_BYTES_MAX,
            resource.RLIMIT_FSIZE: FILE_BYTES_MAX,
        }
    )
    if jail.landlock_version():
        tools = {sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib"), *(path for path in sys.path if path)}
        # Not /proc: it shows what other processes of this user were started with.
        system = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
        jail.landlock(read=[*sorted(tools), *system], write=[str(work_dir), "/dev/null", "/dev/urandom"])


def _componentize(stage: Path, component: Path) -> None:
    """Link the interpreter, the server code and the contract into one component, its imports already run."""
    sys.argv = [
        "componentize-py", "--wit-path", str(stage / "wit"), "--world", "mini-app", "componentize", "shimin_entry",
        "--python-path", str(stage / "platform"), "--python-path", str(stage / "server"), "--output", str(component),
    ]  # fmt: skip
    from componentize_py import script  # type: ignore[import-untyped]  # noqa: PLC0415 - loads the tool

    script()


def _compile(component: bytes, compiled: Path) -> list[str]:
    """Compile ahead of time; return the names of the component's imports."""
    from wasmtime.component import Component  # noqa: PLC0415 - loads the engine

    engine = open_engine()
    made = Component(engine, component)
    names = [name for name, _ in made.type.imports(engine).items()]
    check_imports(names)
    # A new file that is renamed when whole: a runner maps compiled code, and must never see it change.
    unfinished = compiled.with_suffix(".part")
    unfinished.write_bytes(made.serialize())
    unfinished.chmod(0o400)
    unfinished.rename(compiled)
    return names


def main(work_dir: Path, progress: int) -> int:
    """Build from ``work_dir/stage`` into ``work_dir``; return the exit status (0 built, 3 refused)."""

    def say(step: str) -> None:
        os.write(progress, f"{step}\n".encode())

    _confine(work_dir)
    component, compiled = work_dir / "component.wasm", work_dir / "component.cwasm"
    say("componentize")
    _componentize(work_dir / "stage", component)
    component.chmod(0o400)
    say("inspect")
    try:
        content = component.read_bytes()
        functions = count_functions(content)
        say("compile")
        names = _compile(content, compiled)
    except ComponentRefused as refused:
        sys.stderr.write(f"\n{refused}\n")
        return _EXIT_REFUSED
    report = {
        "component_digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "compiled_digest": f"sha256:{hashlib.sha256(compiled.read_bytes()).hexdigest()}",
        "functions": functions,
        "imports": names,
    }
    (work_dir / "report.json").write_text(json.dumps(report), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
