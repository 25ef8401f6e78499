"""How server code becomes a component, and how that fails."""

import os
import time
from pathlib import Path

import pytest

from shimin.adapters.wasm.build import build_component
from shimin.adapters.wasm.inspection import ALLOWED_IMPORTS
from shimin.adapters.wasm.staging import SourceRefused, contract_folder, stage
from shimin.ports.sandbox import BuiltComponent, MiniAppBuildFailed

APP = "class App:\n    def dispatch(self, operation, input_json, host):\n        return '{}'\n\napp = App()\n"


def package(folder: Path, **modules: str) -> Path:
    """Write server code; return the package's folder."""
    for name, source in {"app": APP, **modules}.items():
        file = folder / "server" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, "utf-8")
    return folder


async def failure(
    source: Path, work_dir: Path, *, entry: str = "server/app.py", timeout_s: float = 120
) -> MiniAppBuildFailed:
    """Return how the build fails."""
    with pytest.raises(MiniAppBuildFailed) as failed:
        await build_component(source, entry=entry, work_dir=work_dir, timeout_s=timeout_s)
    return failed.value


def test_a_build_is_named_by_everything_that_went_into_it(built: BuiltComponent) -> None:
    for digest in (built.source_digest, built.component_digest, built.compiled_digest):
        assert digest.startswith("sha256:")
        assert len(digest) == 71
    assert built.engine.startswith("wasmtime/")
    assert built.functions > 1_000


def test_compiled_code_can_be_read_and_not_changed(built: BuiltComponent) -> None:
    assert built.compiled.stat().st_mode & 0o777 == 0o400


def test_a_component_imports_nothing_beyond_the_allow_list(built: BuiltComponent) -> None:
    assert {name.partition("@")[0] for name in built.imports} <= ALLOWED_IMPORTS
    assert "shimin:miniapp/core@0.1.0" in built.imports


def test_the_same_source_has_the_same_digest_and_another_has_another(tmp_path: Path) -> None:
    first = stage(package(tmp_path / "a"), "server/app.py", tmp_path / "1")
    again = stage(package(tmp_path / "b"), "server/app.py", tmp_path / "2")
    other = stage(package(tmp_path / "c", more="x = 1"), "server/app.py", tmp_path / "3")
    assert first == again != other


def test_the_contract_is_found_where_the_sdk_is_installed() -> None:
    assert "world mini-app" in (contract_folder() / "shimin.wit").read_text("utf-8")


@pytest.mark.parametrize(
    "entry",
    ["app.py", "/etc/app.py", "server/../app.py", "../server/app.py", "a/b/app.py", "server/no.py", "server/a-b.py"],
)
def test_an_entry_is_a_python_file_in_a_folder_of_the_package(tmp_path: Path, entry: str) -> None:
    with pytest.raises(SourceRefused):
        stage(package(tmp_path / "p"), entry, tmp_path / "stage")


@pytest.mark.parametrize("name", ["shimin_sdk", "wit_world", "componentize_py_types", "shimin_entry"])
def test_server_code_cannot_take_the_platforms_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceRefused, match=name):
        stage(package(tmp_path / "p", **{name: ""}), "server/app.py", tmp_path / "stage")


def test_a_link_in_server_code_is_refused(tmp_path: Path) -> None:
    source = package(tmp_path / "p")
    (source / "server" / "passwd.py").symlink_to("/etc/passwd")
    with pytest.raises(SourceRefused, match="link"):
        stage(source, "server/app.py", tmp_path / "stage")


def test_only_python_goes_into_a_component(tmp_path: Path) -> None:
    source = package(tmp_path / "p")
    (source / "server" / "componentize-py.toml").write_text("wit_directory = '/'", "utf-8")
    (source / "server" / "native.so").write_bytes(b"\x7fELF")
    stage(source, "server/app.py", tmp_path / "stage")
    assert [file.name for file in (tmp_path / "stage" / "server").iterdir()] == ["app.py"]


async def test_code_that_does_not_import_fails_with_its_own_words(tmp_path: Path) -> None:
    """The developer reads what is wrong and where; nothing of this machine's folders."""
    failed = await failure(package(tmp_path / "p", app="import requests\n"), tmp_path / "work")
    assert failed.step == "componentize"
    assert "No module named 'requests'" in failed.reason
    assert str(tmp_path) not in failed.reason


async def test_code_without_an_application_fails_and_says_what_to_write(tmp_path: Path) -> None:
    failed = await failure(package(tmp_path / "p", app="x = 1\n"), tmp_path / "work")
    assert "must define `app = App()`" in failed.reason


async def test_code_that_never_finishes_importing_is_ended_with_everything_it_started(tmp_path: Path) -> None:
    started = time.monotonic()
    failed = await failure(package(tmp_path / "p", app="while True: pass\n"), tmp_path / "work", timeout_s=6)
    assert (failed.step, failed.reason) == ("componentize", "not finished within 6 s")
    assert time.monotonic() - started < 12
    assert not _processes_that_mention(str(tmp_path / "work"))


async def test_code_reaches_nothing_while_it_is_built(tmp_path: Path) -> None:
    """Server code runs already while it is built: inside WebAssembly, without files, network or variables."""
    secret = tmp_path / "secret.txt"
    secret.write_text("of the platform", "utf-8")
    attempts = f"""
import os, socket
def works(attempt):
    try:
        attempt()
    except Exception:
        return False
    return True
found = [name for name, attempt in {{
    "file": lambda: open({str(secret)!r}).read(),
    "passwd": lambda: open("/etc/passwd").read(),
    "network": lambda: socket.create_connection(("127.0.0.1", 80), 1),
}}.items() if works(attempt)]
raise SystemExit(f"reached {{found}} {{[k for k in os.environ if 'SHIMIN' in k]}}")
"""
    os.environ["SHIMIN_TEST_SECRET"] = "x"
    try:
        failed = await failure(package(tmp_path / "p", app=attempts), tmp_path / "work")
    finally:
        del os.environ["SHIMIN_TEST_SECRET"]
    assert "reached [] []" in failed.reason


def _processes_that_mention(text: str) -> list[str]:
    """Return the processes whose command line holds a text."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if text in command:
                found.append(command)
    return found
