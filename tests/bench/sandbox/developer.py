"""What a department developer waits for: ``check``, and from ``new`` to a first call in the real sandbox."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

from shimin.adapters.wasm.build import build_component
from shimin.ports.sandbox import Limits
from walls import Core, Sample, Tell, open_walls

TIMES = 5
SHIMIN_SDK = Path(sys.executable).with_name("shimin-sdk")
CALL = {"input": {}, "locale": "en", "idempotencyKey": "tap-1", "citizen": {"subject": "sub_1"}}
BALANCE = '{"socialInsurance": {"pension": {"balance": {"amountMinor": "12050", "currency": "CNY"}}}}'


class City(Core):
    """Answers the one document of the template."""

    async def execute(self, document: str, variables: str) -> str:  # noqa: ARG002 - the port's signature
        """Answer with a balance."""
        return BALANCE


def measure(folder: Path, tell: Tell) -> list[Sample]:
    """Go a developer's first way, whole processes and all."""
    app = folder / "first"
    tell("new, test")
    made = run("new", str(app), "--id", "linhai.hrss.first", "--department", "hrss.linhai", "--template", "query")
    tested = run("test", str(app))
    tell("check")
    found = [Sample("check", run("check", str(app)), number) for number in range(TIMES)]
    tell("pack, build, first call")
    started = time.perf_counter()
    run("pack", str(app), "--output", str(folder / "first.ma"))
    asyncio.run(first_call(app, folder))
    return [
        *found,
        Sample("new_to_test", made + tested),
        Sample("pack_to_call", time.perf_counter() - started),
    ]


async def first_call(app: Path, folder: Path) -> None:
    """Build as the platform does and ask the mini-app for the balance.

    Raises:
        AssertionError: it does not answer.
    """
    built = await build_component(app, entry="server/app.py", work_dir=folder / "first-built")
    async with open_walls(built, folder / "first") as walls:
        sent = json.dumps(CALL)
        outcome = await walls.sandbox.call(walls.release, "balance", sent, host=City(), limits=Limits())
    if "120.50" not in outcome.output:
        message = f"the new mini-app answered {outcome.output or outcome.code}"
        raise AssertionError(message)


def run(*arguments: str) -> float:
    """Run the SDK's command line to its end and return the seconds it took.

    Raises:
        subprocess.CalledProcessError: it ended with an error.
    """
    started = time.perf_counter()
    subprocess.run([SHIMIN_SDK, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started
