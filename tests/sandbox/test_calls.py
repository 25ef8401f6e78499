"""What a well-behaved guest and its caller can rely on."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from shimin.adapters.wasm.sandbox import WasmSandbox
from shimin.ports.sandbox import HostRefusal, Limits, MiniAppInputTooBig, Outcome, ReleaseRef

Ask = Callable[..., Awaitable[Outcome]]
TODAY = {"today": "2026-11-23"}


async def test_a_typical_operation_answers_json_from_its_own_and_the_cores_data(ask: Ask, core: Any) -> None:
    outcome = await ask("typical", TODAY)
    answer = json.loads(outcome.output)
    assert outcome.ok
    assert (answer["name"], answer["payment"], answer["total"]) == ("李小龙（虚构）", "pay_1", "2533.20")
    assert [row["due"] for row in answer["rows"]][:2] == ["2026-11-23", "2026-12-23"]
    assert core.asked == [
        ("operations/person.graphql", "{}"),
        ("operations/pay.graphql", '{"amount": "2533.20"}'),
    ]


async def test_what_a_call_used_is_told(ask: Ask) -> None:
    usage = (await ask("typical", TODAY)).usage
    assert usage.host_calls == 2
    assert 0 < usage.cpu_ms <= usage.wall_ms
    assert 0 <= usage.memory_bytes < 48 * 1024 * 1024


async def test_text_of_every_script_passes_unchanged(ask: Ask) -> None:
    text = {"t": '临海市 Ωμέγα \u0000 \U0001f4b0 \\ " \u202e عربى'}
    assert json.loads((await ask("echoes", text)).output) == text


async def test_the_guests_own_no_arrives_with_code_words_and_detail(ask: Ask) -> None:
    outcome = await ask("typical", {"today": "23.11.2026"})
    assert (outcome.ok, outcome.code, outcome.message) == (False, "DATE_WRONG", "日期格式不正确")
    assert json.loads(outcome.detail or "") == {"field": "today"}


async def test_an_operation_that_is_not_there_is_the_guests_to_refuse(ask: Ask) -> None:
    assert (await ask("nothing_of_that_name")).code == "OPERATION_UNKNOWN"


async def test_a_refusal_of_the_core_reaches_the_handler_as_an_exception(ask: Ask) -> None:
    answer = json.loads((await ask("refused")).output)
    assert answer == {"code": "CONSENT_REQUIRED", "message": "请先同意", "detail": '{"fields": ["name"]}'}


async def test_a_refusal_that_the_handler_lets_through_keeps_its_code(ask: Ask) -> None:
    outcome = await ask("passes_on")
    assert (outcome.code, outcome.message, outcome.detail) == ("CONSENT_REQUIRED", "请先同意", '{"fields": ["name"]}')


async def test_a_connector_is_asked_by_name(ask: Ask, core: Any) -> None:
    assert json.loads((await ask("fetched", {"path": "/x"})).output) == {"path": "/x"}
    assert core.asked == [("hrss", '{"path": "/x"}')]


async def test_a_service_is_asked_by_name(ask: Ask, core: Any) -> None:
    program = "def main(host):\n    return host.ask('store.get', '{\"key\": \"a\"}')\n"
    assert json.loads((await ask("runs", {"program": program})).output) == '{"key": "a"}'
    assert core.asked == [("store.get", '{"key": "a"}')]


async def test_a_bug_in_the_core_reaches_the_guest_without_words(ask: Ask) -> None:
    class Broken:
        """Fails at every door."""

        async def execute(self, document: str, variables: str) -> str:
            raise RuntimeError(f"secret {document}{variables}")

        async def fetch(self, connector: str, request: str) -> str:
            raise HostRefusal("X", connector, request)

        async def ask(self, service: str, request: str) -> str:
            raise HostRefusal("X", service, request)

        async def log(self, level: str, message: str) -> None:
            raise RuntimeError(level + message)

    answer = json.loads((await ask("refused", host=Broken())).output)
    assert answer == {"code": "INTERNAL", "message": "", "detail": None}


async def test_a_bug_in_the_guest_shows_its_kind_and_place_to_the_department_and_nothing_to_the_caller(
    ask: Ask, core: Any
) -> None:
    outcome = await ask("breaks", {"name": "李小龙"})
    assert (outcome.ok, outcome.code, outcome.message, outcome.detail) == (False, "INTERNAL", "", None)
    assert len(core.lines) == 1
    assert core.lines[0][1].startswith("unhandled RuntimeError at app.py:")
    assert "李小龙" not in str(core.lines)


async def test_an_instance_knows_nothing_of_the_calls_before_it(ask: Ask) -> None:
    answers = [json.loads((await ask("isolated", {"secret": str(number)})).output) for number in range(6)]
    assert [answer["before"] for answer in answers] == [[]] * 6


async def test_no_two_instances_draw_the_same_random_numbers(ask: Ask) -> None:
    """The snapshot holds no seed: neither the generator's nor the system's randomness repeats."""
    drawn = [json.loads((await ask("isolated", {"secret": ""})).output)["random"] for _ in range(6)]
    for column in zip(*drawn, strict=True):
        assert len(set(column)) == 6


async def test_calls_of_one_release_at_the_same_time_all_get_their_own_answer(ask: Ask) -> None:
    outcomes = await asyncio.gather(*(ask("echoes", {"n": number}) for number in range(10)))
    assert [json.loads(outcome.output)["n"] for outcome in outcomes] == list(range(10))


async def test_input_beyond_the_limit_never_reaches_the_guest(ask: Ask, core: Any) -> None:
    with pytest.raises(MiniAppInputTooBig) as refused:
        await ask("typical", {"today": "市" * 100_000})
    assert refused.value.params == {"app_id": "linhai.test.probe", "size_bytes_max": 256 * 1024}
    assert core.asked == []


SERVER = """
import asyncio, json, sys
from pathlib import Path
import shimin.assembly
from shimin.adapters.wasm.build import build_component
from shimin.adapters.wasm.sandbox import WasmSandbox
from shimin.ports.sandbox import Limits, ReleaseRef

release = ReleaseRef(**json.loads(sys.argv[1]))

async def load(key):
    return Path(key).read_bytes()

async def main():
    async with WasmSandbox(work_dir=Path(sys.argv[2]), load=load, verify=lambda data, signature: True) as sandbox:
        return await sandbox.call(release, "echoes", "{}", host=None, limits=Limits())

assert asyncio.run(main()).output == "{}"
print([name for name in sys.modules if name.startswith(("wasmtime", "componentize_py"))])
"""


def test_the_server_process_never_loads_the_engine(release: ReleaseRef, tmp_path: Path) -> None:
    """A fault in native code must not be able to happen where citizens' data is."""
    command = [sys.executable, "-c", SERVER, json.dumps(asdict(release)), str(tmp_path)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout.splitlines()[-1:]) == (0, ["[]"]), ended.stderr


async def test_a_runner_holds_its_socket_its_code_and_no_environment(
    sandbox: WasmSandbox, release: ReleaseRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIMIN_DATABASE_URL", "postgres://secret")
    await sandbox.warm(release, Limits())
    process = Path(f"/proc/{sandbox.pids()[release.release_id]}")
    assert (process / "environ").read_bytes() == b""
    held = sorted(link.readlink().name.partition(":")[0] for link in (process / "fd").iterdir())
    code = f"{release.compiled_digest.removeprefix('sha256:')}.cwasm"
    assert held == sorted(["null", "null", "null", "socket", "statm", code])
