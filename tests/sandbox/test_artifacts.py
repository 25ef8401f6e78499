"""Compiled code runs only as the platform signed it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shimin.adapters.wasm.sandbox import WasmSandbox
from shimin.kit.refusal import Refusal
from shimin.ports.sandbox import ArtifactAltered, ArtifactOutdated, BuiltComponent, Limits, ReleaseRef

Make = Callable[..., WasmSandbox]
OTHER = f"sha256:{'b' * 64}"


async def refusal_of(sandbox: WasmSandbox, release: ReleaseRef, core: Any) -> Refusal:
    """Return how a call of the release ends; nothing may have been started."""
    with pytest.raises(Refusal) as refused:
        await sandbox.call(release, "echoes", "{}", host=core, limits=Limits())
    assert sandbox.pids() == {}
    return refused.value


@pytest.mark.parametrize(
    "change",
    [
        {"package_digest": OTHER},
        {"component_digest": OTHER},
        {"compiled_digest": OTHER},
        {"signature": "00" * 64},
        {"signature": "not hex"},
        {"compiled_digest": "sha256:../../etc/passwd"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_release_that_differs_from_what_was_signed_is_not_run(
    make_sandbox: Make, release: ReleaseRef, core: Any, change: dict[str, str]
) -> None:
    async with make_sandbox() as sandbox:
        assert isinstance(await refusal_of(sandbox, replace(release, **change), core), ArtifactAltered)


async def test_compiled_code_changed_in_the_file_store_is_not_run(
    make_sandbox: Make, release: ReleaseRef, built: BuiltComponent, core: Any, tmp_path: Path
) -> None:
    altered = bytearray(built.compiled.read_bytes())
    altered[len(altered) // 2] ^= 1

    async def load(_key: str) -> bytes:
        return bytes(altered)

    async with make_sandbox(load=load, work_dir=tmp_path) as sandbox:
        assert isinstance(await refusal_of(sandbox, release, core), ArtifactAltered)
    assert list((tmp_path / "compiled").iterdir()) == []


async def test_compiled_code_changed_on_this_machine_is_not_run(
    make_sandbox: Make, release: ReleaseRef, core: Any, tmp_path: Path
) -> None:
    async with make_sandbox(work_dir=tmp_path) as sandbox:
        assert (await sandbox.call(release, "echoes", "{}", host=core, limits=Limits())).ok
    (kept,) = (tmp_path / "compiled").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o400
    kept.chmod(0o600)
    with kept.open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"\xcc")
    async with make_sandbox(work_dir=tmp_path) as sandbox:
        assert isinstance(await refusal_of(sandbox, release, core), ArtifactAltered)


async def test_compiled_code_is_not_loaded_through_a_link(
    make_sandbox: Make, release: ReleaseRef, built: BuiltComponent, core: Any, tmp_path: Path
) -> None:
    """Whoever can place a link could change its target between the check and the load."""
    folder = tmp_path / "compiled"
    folder.mkdir()
    (folder / f"{release.compiled_digest.removeprefix('sha256:')}.cwasm").symlink_to(built.compiled)
    async with make_sandbox(work_dir=tmp_path) as sandbox:
        assert isinstance(await refusal_of(sandbox, release, core), ArtifactAltered)


async def test_code_compiled_for_another_engine_asks_to_be_built_again(
    make_sandbox: Make, built: BuiltComponent, core: Any, sign: Callable[..., ReleaseRef]
) -> None:
    old = sign(replace(built, engine="wasmtime/49.0.0 linux/x86_64 settings/1"))
    async with make_sandbox() as sandbox:
        refusal = await refusal_of(sandbox, old, core)
    assert isinstance(refusal, ArtifactOutdated)
    assert refusal.params["engine_expected"] == built.engine
