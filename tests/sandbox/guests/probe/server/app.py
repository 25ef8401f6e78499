"""A guest that answers ordinary questions and, asked to, misbehaves in every way known.

It brings its own dispatcher, so that a test sees the sandbox alone and nothing of the SDK's.
"""

import json
import os
import random
import re
import socket
import sys
import time
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from shimin_sdk.errors import HostError, MiniAppError

import rates  # a sibling module of the server code

seen: list[str] = []
"""Must be empty at the start of each call: what one citizen's call left would be another's to read."""


def typical(data: dict[str, Any], host: Any) -> Any:
    """Do what ordinary handlers do: two host calls, dates, decimals, patterns, a table."""
    person = json.loads(host.execute("operations/person.graphql", "{}"))
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", data["today"]):
        raise MiniAppError("DATE_WRONG", "日期格式不正确", json.dumps({"field": "today"}))
    today = date.fromisoformat(data["today"])
    rows = []
    for month in range(20):
        fee = (Decimal("12.345") * month * rates.MONTHLY).quantize(Decimal("0.01"))
        rows.append({"due": (today + timedelta(days=30 * month)).isoformat(), "fee": str(fee)})
    total = sum((Decimal(row["fee"]) for row in rows), Decimal(0))
    payment = json.loads(host.execute("operations/pay.graphql", json.dumps({"amount": str(total)})))
    return {"name": person["name"], "rows": rows, "total": str(total), "payment": payment["id"]}


def isolated(data: dict[str, Any], host: Any) -> Any:
    """Tell what an earlier call left, and leave something."""
    before = list(seen)
    seen.append(data["secret"])
    return {"before": before, "random": [random.random(), str(uuid.uuid4()), os.urandom(8).hex()]}


def refused(data: dict[str, Any], host: Any) -> Any:
    """Tell what the host answered."""
    try:
        host.execute("operations/forbidden.graphql", "{}")
    except HostError as error:
        return {"code": error.code, "message": error.message, "detail": error.detail}
    return {}


def passes_on(data: dict[str, Any], host: Any) -> Any:
    """Let the host's refusal through."""
    return host.execute("operations/forbidden.graphql", "{}")


def fetched(data: dict[str, Any], host: Any) -> Any:
    """Ask a connector."""
    return json.loads(host.fetch("hrss", json.dumps(data)))


def loops(data: dict[str, Any], host: Any) -> Any:
    """Run forever and catch everything."""
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue


def eats_memory(data: dict[str, Any], host: Any) -> Any:
    """Keep asking for memory."""
    hoard = []
    while True:
        hoard.append(bytearray(1 << 20))


def hides_memory(data: dict[str, Any], host: Any) -> Any:
    """Ask for too much memory, and answer as if nothing had been."""
    try:
        eats_memory(data, host)
    except MemoryError:
        return {"survived": True}


def answers_much(data: dict[str, Any], host: Any) -> Any:
    """Answer more than anybody takes."""
    return "x" * int(data["bytes"])


def answers_deep(data: dict[str, Any], host: Any) -> Any:
    """Answer JSON that is nested deeply; given as it is, not through an encoder."""
    raise Raw("[" * int(data["depth"]) + "]" * int(data["depth"]))


def asks_deep(data: dict[str, Any], host: Any) -> Any:
    """Hand the host variables that are nested deeply."""
    try:
        depth = int(data["depth"])
        return host.execute("operations/person.graphql", '{"a":' * depth + "1" + "}" * depth)
    except HostError as error:
        return {"code": error.code}


def asks_much(data: dict[str, Any], host: Any) -> Any:
    """Hand the host more than it takes."""
    try:
        return host.execute("operations/person.graphql", json.dumps({"a": "x" * (1 << 20)}))
    except HostError as error:
        return {"code": error.code}


def recurses(data: dict[str, Any], host: Any) -> Any:
    """Nest calls without end."""
    return recurses(data, host)


def recurses_in_c(data: dict[str, Any], host: Any) -> Any:
    """Nest calls of the interpreter itself without end."""
    sys.setrecursionlimit(10_000_000)
    nested: list[Any] = []
    for _ in range(300_000):
        nested = [nested]
    return json.dumps(nested)


def sleeps(data: dict[str, Any], host: Any) -> Any:
    """Do nothing for long."""
    time.sleep(3600)
    return {}


def floods_host(data: dict[str, Any], host: Any) -> Any:
    """Ask the host more often than it may, ignoring every answer."""
    for _ in range(100_000):
        try:
            host.execute("operations/person.graphql", "{}")
        except Exception:
            continue
    return {}


def floods_log(data: dict[str, Any], host: Any) -> Any:
    """Write more than anybody reads."""
    for _ in range(2_000):
        host.log("info", "y" * 1000)
    print("z" * 100_000)
    print("z" * 100_000, file=sys.stderr, flush=True)
    return {"done": True}


def floods_empty_log(data: dict[str, Any], host: Any) -> Any:
    """Write nothing, very often."""
    for _ in range(20_000):
        host.log("", "")
    return {"done": True}


def reaches_out(data: dict[str, Any], host: Any) -> Any:
    """Try files, sockets, processes and the environment; tell what worked."""
    tries: dict[str, Callable[[], Any]] = {
        "read": lambda: Path("/etc/passwd").read_text(),
        "relative": lambda: Path("app.py").read_text(),
        "write": lambda: Path("/tmp/out").write_text("x"),
        "list": lambda: os.listdir("/"),
        "system": lambda: os.system("id"),
        "fork": lambda: os.fork(),
    }
    worked = []
    for name, attempt in tries.items():
        try:
            attempt()
        except (OSError, AttributeError, NotImplementedError):
            continue
        worked.append(name)
    return {"worked": worked, "environment": dict(os.environ), "argv": sys.argv[1:]}


def connects(data: dict[str, Any], host: Any) -> Any:
    """Open a connection."""
    socket.create_connection(("127.0.0.1", 80))
    return {}


def exits(data: dict[str, Any], host: Any) -> Any:
    """End the interpreter."""
    os._exit(3)


def breaks(data: dict[str, Any], host: Any) -> Any:
    """Have a bug whose text holds what nobody may see."""
    raise RuntimeError(f"secret {data}")


def pings(data: dict[str, Any], host: Any) -> Any:
    """Make as many host calls as asked."""
    for _ in range(int(data["times"])):
        host.execute("operations/ping.graphql", "{}")
    return {}


def echoes(data: dict[str, Any], host: Any) -> Any:
    """Answer what came."""
    return data


def runs(data: dict[str, Any], host: Any) -> Any:
    """Run a program that a test wrote; what its ``main`` returns is the answer."""
    space: dict[str, Any] = {"Raw": Raw, "MiniAppError": MiniAppError, "HostError": HostError}
    exec(compile(data["program"], "program.py", "exec"), space)
    return space["main"](host)


class Raw(Exception):
    """Carries text that goes out as it is."""


OPERATIONS = {
    function.__name__: function
    for function in (
        typical, isolated, refused, passes_on, fetched, loops, eats_memory, hides_memory, answers_much, answers_deep,
        asks_deep, asks_much, recurses, recurses_in_c, sleeps, floods_host, floods_log, floods_empty_log, reaches_out,
        connects, exits, breaks, pings, echoes, runs,
    )
}  # fmt: skip


class _WarmHost:
    """Answers the warm-up with what the core would."""

    def execute(self, document: str, variables: str) -> str:
        """Answer both documents of ``typical``."""
        return '{"name": "W", "id": "W"}'


class App:
    """The smallest dispatcher."""

    def dispatch(self, operation: str, input_json: str, host: Any) -> str:
        """Run the function of that name."""
        function = OPERATIONS.get(operation)
        if function is None:
            raise MiniAppError("OPERATION_UNKNOWN", operation)
        try:
            return json.dumps(function(json.loads(input_json), host), ensure_ascii=False)
        except Raw as raw:
            return str(raw)

    def warm_up(self, host: Any) -> None:
        """Run the ordinary handler once."""
        self.dispatch("typical", '{"today": "2026-11-23"}', _WarmHost())


app = App()
