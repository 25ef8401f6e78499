"""The contract of a connector, kept against a real HTTPS server and against hostile ones."""

import asyncio
import gzip
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.contract.connector.conftest import HOST, STRANGER, Authority, MakeConnector, Script, Served, serving

from shimin.adapters.http_connector import AT_ONCE_MAX, REDIRECTS_MAX, HttpConnector
from shimin.adapters.public_network import is_public
from shimin.db import Database
from shimin.kit.held import UnitHeldDuringIo
from shimin.ports.connector import (
    ANSWER_BYTES_MAX,
    ConnectorAnswer,
    ConnectorBusy,
    ConnectorOrder,
    SecretHeader,
    UpstreamUnavailable,
)

SECRET = "s3cret-of-the-department"


def order(served: Served, **changes: Any) -> ConnectorOrder:
    settings = {
        "app_id": "linhai.hrss.pension",
        "connector": "hrss",
        "origin": served.origin,
        "method": "GET",
        "target": "/v1/people/7?year=2026",
        "timeout_s": 2.0,
        "trace_id": "trc_test",
        **changes,
    }
    return ConnectorOrder(**settings)


def http(body: bytes = b"{}", *, status: str = "200 OK", extra: bytes = b"", length: int | None = None) -> bytes:
    announced = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {announced}\r\n"
    return head.encode() + extra + b"\r\n" + body


def to(location: str, status: str = "302 Found") -> bytes:
    return http(b"", status=status, extra=b"location: " + location.encode("latin-1") + b"\r\n")


async def reason(connector: HttpConnector, wanted: ConnectorOrder) -> str:
    with pytest.raises(UpstreamUnavailable) as refused:
        await connector.fetch(wanted)
    assert refused.value.connector == "hrss"
    return refused.value.reason


def slowly(*pieces: bytes, pause_s: float = 0.1) -> Script:
    """Return a server that sends its pieces one by one, the last for ever."""

    async def script(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces[:-1]:
            writer.write(piece)
        while True:
            writer.write(pieces[-1])
            await writer.drain()
            await asyncio.sleep(pause_s)

    return script


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def then_close(raw: bytes) -> Script:
    async def script(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return script


async def test_an_answer_arrives_with_the_name_kept_and_the_secret_added(
    make_connector: MakeConnector, authority: Authority
) -> None:
    extra = b"etag: v1\r\nset-cookie: a=b\r\nserver: x\r\nx-internal: 10.0.0.7\r\n"
    async with serving(http(b'{"a": 1}', extra=extra), authority.serving(HOST)) as served:
        found = await make_connector().fetch(
            order(served, secret=SecretHeader("X-Api-Key", SECRET), headers={"accept-language": "en"})
        )
    assert found == ConnectorAnswer(200, {"content-type": "application/json", "etag": "v1"}, b'{"a": 1}')
    sent = served.received[0].decode().lower().split("\r\n")
    assert sent[0] == "get /v1/people/7?year=2026 http/1.1"
    assert {f"host: {HOST}:{served.port}", f"x-api-key: {SECRET}", "accept-language: en"} <= set(sent)
    assert served.names == [HOST]


async def test_what_is_sent_arrives_whole(make_connector: MakeConnector, authority: Authority) -> None:
    bodies = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append(await reader.readexactly(100_000))
        writer.write(http(b"{}", status="201 Created"))
        await writer.drain()

    async with serving(script, authority.serving(HOST)) as served:
        found = await make_connector().fetch(order(served, method="POST", body=b"x" * 100_000))
    assert (found.status, bodies) == (201, [b"x" * 100_000])


@pytest.mark.parametrize("status", ["204 No Content", "400 Bad Request", "404 Not Found", "409 Conflict", "429 Many"])
async def test_a_no_of_the_department_is_an_answer(
    make_connector: MakeConnector, authority: Authority, status: str
) -> None:
    async with serving(http(b"", status=status), authority.serving(HOST)) as served:
        assert (await make_connector().fetch(order(served))).status == int(status[:3])


BOMB = gzip.compress(b"0" * 10_000_000)
BIG = b"x" * 65_536
HOSTILE: dict[str, tuple[Script, str]] = {
    "redirect to another host": (to(f"https://{STRANGER}/"), "redirect"),
    "redirect to another port": (to(f"https://{HOST}:1/"), "redirect"),
    "redirect to plain http": (to(f"http://{HOST}/"), "redirect"),
    "redirect without a scheme": (to(f"//{STRANGER}/"), "redirect"),
    "redirect with backslashes": (to(f"\\\\{STRANGER}/"), "redirect"),
    "redirect by user information": (to(f"https://{HOST}@{STRANGER}/"), "redirect"),
    "redirect to this machine": (to("https://127.0.0.1/"), "redirect"),
    "redirect to an IPv6 literal": (to("https://[::1]/"), "redirect"),
    "redirect to a broken literal": (to("https://[::1/"), "redirect"),
    "redirect to a file": (to("file:///etc/passwd"), "redirect"),
    "redirect to a host with letters beyond ASCII": (to("https://api.hrss.exämple/"), "redirect"),
    "redirect with a space": (to("/a b"), "redirect"),
    "redirect without a location": (http(b"", status="302 Found"), "redirect"),
    "redirect round in circles": (to("/again"), "redirect"),
    "permanent redirect away": (to(f"https://{STRANGER}/", "308 Permanent Redirect"), "redirect"),
    "compressed body": (http(BOMB, extra=b"content-encoding: gzip\r\n"), "nonsense"),
    "twice compressed body": (http(BOMB, extra=b"content-encoding: gzip, br\r\n"), "nonsense"),
    "body announced too large": (http(b"", length=ANSWER_BYTES_MAX + 1), "too_large"),
    "body announced absurdly": (http(b"", length=10**30), "nonsense"),
    "body announced at twenty digits": (http(b"", length=10**19), "too_large"),
    "endless body without a length": (slowly(b"HTTP/1.1 200 OK\r\n\r\n", BIG, pause_s=0), "too_large"),
    "endless chunks": (
        slowly(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"10000\r\n" + BIG + b"\r\n", pause_s=0),
        "too_large",
    ),
    "head a byte at a time": (slowly(b"HTTP/1.1 200 OK\r\n", b"a"), "slow"),
    "body a byte at a time": (slowly(http(b"", length=1000), b"a"), "slow"),
    "endless interim answers": (slowly(b"HTTP/1.1 100 Continue\r\n\r\n"), "slow"),
    "no answer": (silence, "slow"),
    "no answer and the end": (hang_up, "nonsense"),
    "end inside the body": (then_close(http(b"ab", length=100)), "nonsense"),
    "end inside the head": (then_close(b"HTTP/1.1 200 OK\r\ncontent-"), "nonsense"),
    "end inside a chunk": (
        then_close(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nab"),
        "nonsense",
    ),
    "one huge header": (http(extra=b"a: " + b"x" * 200_000 + b"\r\n"), "nonsense"),
    "a flood of headers": (http(extra=b"a: b\r\n" * 30_000), "nonsense"),
    "header with a control character": (http(extra=b"a: b\x00c\r\n"), "nonsense"),
    "header without a name": (http(extra=b": b\r\n"), "nonsense"),
    "two lengths that differ": (http(b"ab", extra=b"content-length: 5\r\n"), "nonsense"),
    "negative length": (http(b"", length=-1), "nonsense"),
    "chunk length that is none": (
        then_close(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
        "nonsense",
    ),
    "not HTTP": (then_close(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "nonsense"),
    "HTTP of another age": (then_close(b"HTTP/0.9 200 OK\r\n\r\n"), "nonsense"),
    "status that is none": (then_close(b"HTTP/1.1 9999 OK\r\n\r\n"), "nonsense"),
    "switch to another protocol": (http(status="101 Switching Protocols"), "nonsense"),
    "server error": (http(status="500 Internal Server Error"), "down"),
    "overload": (http(status="503 Service Unavailable"), "down"),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_hostile_origin_is_refused_in_time(
    make_connector: MakeConnector, authority: Authority, case: str
) -> None:
    script, expected = HOSTILE[case]
    async with serving(script, authority.serving(HOST)) as served:
        began = time.monotonic()
        assert await reason(make_connector(), order(served, timeout_s=0.8)) == expected
        assert time.monotonic() - began < 1.5
        assert served.connections <= REDIRECTS_MAX + 1
        assert len(served.received) <= REDIRECTS_MAX + 1


async def test_what_stands_behind_an_answer_is_never_the_next_ones(
    make_connector: MakeConnector, authority: Authority
) -> None:
    planted = http(b"mine", extra=b"etag: first\r\n") + http(b"planted", extra=b"etag: planted\r\n")
    async with serving(planted, authority.serving(HOST)) as served:
        connector = make_connector()
        found = [await connector.fetch(order(served, method=method)) for method in ("GET", "HEAD", "GET")]
    assert [item.body for item in found] == [b"mine", b"", b"mine"]
    assert served.connections == 3


async def test_an_old_server_is_understood(make_connector: MakeConnector, authority: Authority) -> None:
    async with serving(then_close(b"HTTP/1.0 200 OK\r\n\r\nplain"), authority.serving(HOST)) as served:
        assert (await make_connector().fetch(order(served))).body == b"plain"


async def test_a_redirect_inside_the_origin_is_followed_by_questions_alone(
    make_connector: MakeConnector, authority: Authority
) -> None:
    async def script(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = len(served.received) == 1
        writer.write(to("../new?x=1#part") if first else http(b"there"))
        await writer.drain()

    async with serving(script, authority.serving(HOST)) as served:
        assert (await make_connector().fetch(order(served))).body == b"there"
        assert served.received[1].startswith(b"GET /v1/new?x=1 HTTP/1.1\r\n")
    async with serving(to("/new"), authority.serving(HOST)) as served:
        assert await reason(make_connector(), order(served, method="POST")) == "redirect"
        assert len(served.received) == 1


@pytest.mark.parametrize(("name", "days"), [(STRANGER, 1), (HOST, -1)], ids=["of another name", "that has expired"])
async def test_a_certificate_is_not_believed(
    make_connector: MakeConnector, authority: Authority, name: str, days: int
) -> None:
    async with serving(http(), authority.serving(name, days=days)) as served:
        assert await reason(make_connector(), order(served, secret=SecretHeader("x-api-key", SECRET))) == "untrusted"
        assert served.received == []


async def test_a_certificate_of_an_unknown_authority_is_not_believed(
    make_connector: MakeConnector, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Authority(tmp_path_factory.mktemp("other"))
    async with serving(http(), authority.serving(HOST)) as served:
        assert await reason(make_connector(trust=other.trust()), order(served)) == "untrusted"
        assert served.received == []


INWARD = (
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),  # noqa: S104 - refused, not bound
    *("192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1"),
    *("::ffff:8.8.8.8", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1::", "2001:db8::1", "::7f00:1"),
    *("", "localhost", "0x7f000001", "2130706433", "127.1", "8.8.8.8.8"),
)


@pytest.mark.parametrize("address", INWARD)
async def test_no_name_leads_inward(make_connector: MakeConnector, authority: Authority, address: str) -> None:
    async def resolve(_: str, __: int) -> list[str]:
        return ["8.8.8.8", address]

    async with serving(http(), authority.serving(HOST)) as served:
        connector = make_connector(resolve=resolve, allow_loopback=False)
        assert await reason(connector, order(served)) == "forbidden"
        assert served.connections == 0


@pytest.mark.parametrize("address", ["8.8.8.8", "114.114.114.114", "2400:3200::1", "2606:4700::1111"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


async def test_a_name_that_changes_between_two_looks_is_caught_at_each_connection(
    make_connector: MakeConnector, authority: Authority
) -> None:
    looks = [["127.0.0.1"], ["10.0.0.1"]]

    async def resolve(_: str, __: int) -> list[str]:
        return looks.pop(0)

    async with serving(then_close(http()), authority.serving(HOST)) as served:
        connector = make_connector(resolve=resolve)
        assert (await connector.fetch(order(served))).status == 200
        assert await reason(connector, order(served)) == "forbidden"
        assert (served.connections, looks) == (1, [])


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:{}", "http://localhost:{}", "ftp://api.hrss.example", "http://api.hrss.example:{}"]
)
async def test_plain_http_reaches_nothing_in_production(make_connector: MakeConnector, origin: str) -> None:
    async with serving(http(), None) as served:
        wanted = order(served, origin=origin.format(served.port))
        assert await reason(make_connector(allow_loopback=False), wanted) == "forbidden"
        assert served.connections == 0


async def test_plain_http_reaches_this_machine_alone_in_development(make_connector: MakeConnector) -> None:
    async with serving(http(), None) as served:
        connector = make_connector()
        assert (await connector.fetch(order(served, origin=f"http://127.0.0.1:{served.port}"))).status == 200
        assert await reason(connector, order(served, origin=f"http://{HOST}:{served.port}")) == "forbidden"


async def test_an_origin_is_moved_in_development_alone(make_connector: MakeConnector, authority: Authority) -> None:
    async with serving(http(), authority.serving(HOST)) as named, serving(http(), None) as local:
        moved = {named.origin: f"http://127.0.0.1:{local.port}"}
        assert (await make_connector(moved=moved).fetch(order(named))).status == 200
        assert (named.connections, local.connections) == (0, 1)
        assert await reason(make_connector(moved=moved, allow_loopback=False), order(named)) == "forbidden"
        assert (named.connections, local.connections) == (0, 1)


@pytest.mark.parametrize(("method", "tries"), [("GET", 2), ("PUT", 2), ("DELETE", 2), ("POST", 1), ("PATCH", 1)])
async def test_only_what_is_idempotent_is_tried_again(
    make_connector: MakeConnector, authority: Authority, method: str, tries: int
) -> None:
    async with serving(hang_up, authority.serving(HOST)) as served:
        assert await reason(make_connector(), order(served, method=method)) == "nonsense"
        assert len(served.received) == tries


async def test_a_failing_origin_is_left_alone_by_the_one_who_met_it(
    make_connector: MakeConnector, authority: Authority
) -> None:
    async with serving(http(status="500 No"), authority.serving(HOST)) as served:
        connector = make_connector()
        for _ in range(8):
            assert await reason(connector, order(served)) == "down"
        assert len(served.received) == 5
        await reason(connector, order(served, app_id="linhai.hrss.other"))
        assert len(served.received) == 6


async def test_a_mini_app_has_its_share_of_requests_and_no_more(
    make_connector: MakeConnector, authority: Authority
) -> None:
    async with serving(silence, authority.serving(HOST)) as served:
        connector = make_connector()
        waiting = [asyncio.create_task(reason(connector, order(served, timeout_s=1))) for _ in range(AT_ONCE_MAX)]
        await asyncio.sleep(0.1)
        with pytest.raises(ConnectorBusy):
            await connector.fetch(order(served))
        neighbour = asyncio.create_task(reason(connector, order(served, app_id="linhai.other", timeout_s=0.5)))
        assert await neighbour == "slow"
        assert set(await asyncio.gather(*waiting)) == {"slow"}
        assert await reason(connector, order(served, timeout_s=0.1)) in {"slow", "down"}


async def test_neither_secret_nor_address_nor_body_is_told(
    make_connector: MakeConnector, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(http(b"private", status="500 No"), authority.serving(HOST)) as served:
        wanted = order(served, secret=SecretHeader("x-api-key", SECRET), method="POST", body=b"private")
        with capture_logs() as logs, pytest.raises(UpstreamUnavailable) as refused:
            await make_connector().fetch(wanted)
    told = f"{logs} {caplog.text} {refused.value} {refused.value!r} {wanted!r} {refused.value.__cause__}"
    assert "connector.failed" in told
    assert not [word for word in (SECRET, "private", "people/7") if word in told]
    assert HOST not in f"{logs} {caplog.text} {refused.value}"


async def test_a_connector_is_never_asked_inside_a_unit(
    db: Database, make_connector: MakeConnector, authority: Authority
) -> None:
    async with serving(http(), authority.serving(HOST)) as served:
        async with db.unit():
            with pytest.raises(UnitHeldDuringIo):
                await make_connector().fetch(order(served))
        assert served.connections == 0


async def test_who_stops_waiting_leaves_nothing_behind(make_connector: MakeConnector, authority: Authority) -> None:
    async with serving(silence, authority.serving(HOST)) as served:
        connector = make_connector()
        asking: Callable[[], Any] = lambda: connector.fetch(order(served))  # noqa: E731 - one line says it
        for _ in range(AT_ONCE_MAX + 2):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asking(), 0.05)
        assert connector._under_way == {}
