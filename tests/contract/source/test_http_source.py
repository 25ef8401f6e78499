"""The contract of a source, kept by the HTTP adapter against a real server and against hostile ones."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from shimin.adapters.http_source import AT_ONCE_MAX, HttpSource
from shimin.db import Database
from shimin.demo.residents import load_residents
from shimin.kit.clock import SystemClock
from shimin.kit.held import UnitHeldDuringIo
from shimin.kit.refusal import InvalidInput
from shimin.ports.registration import SourceAddress, SourceSpec
from shimin.ports.source import SourceAnswer, SourceQuestion, SourceUnavailable

LIN = load_residents()[0]
MakeSource = Callable[..., HttpSource]
INSURANCE = SourceQuestion("hrss", "social_insurance", {"id_number": LIN.id_number}, "trc_test")


async def reason(source: HttpSource, question: SourceQuestion = INSURANCE) -> str:
    with pytest.raises(SourceUnavailable) as refused:
        await source.ask(question)
    assert refused.value.source == question.source
    return refused.value.reason


@asynccontextmanager
async def answering(raw: bytes | Callable[[asyncio.StreamWriter], Any]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve the same bytes to everybody; give the address and what was received."""
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            received.append(await reader.readuntil(b"\r\n\r\n"))
            if callable(raw):
                await raw(writer)
            else:
                writer.write(raw)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", received


def http(
    body: bytes, *, status: str = "200 OK", kind: str = "application/json", extra: str = "", length: int | None = None
) -> bytes:
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {size}\r\n{extra}connection: close\r\n\r\n"
    return head.encode() + body


GOOD = b'{"as_of": "2026-11-23T04:00:00+00:00", "pension": null, "medical": null, "bills": []}'


async def test_a_persons_records_come_back_as_the_schema_declares(department: Any, make_source: MakeSource) -> None:
    answer = await make_source(department.url).ask(INSURANCE)
    assert answer.data["pension"] == {
        "balance": {"amount_minor": LIN.pension_balance_minor, "currency": "CNY"},
        "months_paid": LIN.pension_months_paid,
    }
    assert [bill["reference"] for bill in answer.data["bills"]] == [bill.reference for bill in LIN.bills]
    assert not answer.cached
    assert answer.as_of.tzinfo is not None


async def test_the_population_source_says_match_or_not_and_nothing_else(
    department: Any, make_source: MakeSource
) -> None:
    source = make_source(department.url)
    for name, expected in ((LIN.name_zh_hans, True), (LIN.name_en, True), ("林大满", False)):
        inputs = {"name": name, "id_number": LIN.id_number}
        assert (await source.ask(SourceQuestion("population", "match", inputs, "t"))).data == {"match": expected}


@pytest.mark.parametrize(("fault", "expected"), [("down", "down"), ("slow", "slow"), ("nonsense", "nonsense")])
async def test_a_department_that_misbehaves_is_named_by_its_fault_and_recovers(
    department: Any, make_source: MakeSource, fault: str, expected: str
) -> None:
    source = make_source(department.url)
    await department.fault(fault)
    started = time.monotonic()
    assert await reason(source) == expected
    assert time.monotonic() - started < 2
    await department.fault("none")
    assert (await source.ask(INSURANCE)).data["bills"]


async def test_a_wrong_secret_is_refused_by_the_department(department: Any, make_source: MakeSource) -> None:
    assert await reason(make_source(department.url, secret=b"x" * 32)) == "refused"


async def test_nobody_listening_is_down(make_source: MakeSource) -> None:
    assert await reason(make_source("http://127.0.0.1:9")) == "down"


HOSTILE: dict[str, tuple[bytes, str]] = {
    "redirect": (http(b"", status="302 Found", extra="location: http://127.0.0.1:9/\r\n"), "nonsense"),
    "html": (http(b"<html>maintenance</html>", kind="text/html"), "nonsense"),
    "not json": (http(b"{"), "nonsense"),
    "json of another shape": (http(b'{"pension": 1}'), "nonsense"),
    "array": (http(b"[]"), "nonsense"),
    "number too large": (http(GOOD.replace(b'"bills"', b'"bills": [], "x": 1e999, "y"')), "nonsense"),
    "nothing": (http(b""), "nonsense"),
    "too long": (http(b" " * 70_000 + GOOD), "nonsense"),
    "too deep": (http(b'{"bills": ' + b"[" * 500 + b"]" * 500 + b"}"), "nonsense"),
    "compressed": (http(b"\x1f\x8b" + b"0" * 50, extra="content-encoding: gzip\r\n"), "nonsense"),
    "shorter than said": (http(GOOD, length=9_000), "nonsense"),
    "not http": (b"220 ready\r\n", "nonsense"),
    "created": (http(GOOD, status="201 Created"), "nonsense"),
    "overloaded": (http(b"{}", status="429 Too Many Requests"), "down"),
    "broken": (http(b"{}", status="500 Internal Server Error"), "down"),
    "forbidden": (http(b"{}", status="403 Forbidden"), "refused"),
    "from the future": (http(GOOD.replace(b"2026-11-23", b"2999-01-01")), "nonsense"),
    "no zone": (http(GOOD.replace(b"+00:00", b"")), "nonsense"),
    "more items than declared": (http(GOOD.replace(b"[]", b"[" + b",".join([b"{}"] * 101) + b"]")), "nonsense"),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_hostile_answer_is_refused_and_nothing_of_it_gets_in(make_source: MakeSource, case: str) -> None:
    raw, expected = HOSTILE[case]
    async with answering(raw) as (url, received):
        assert await reason(make_source(url)) == expected
    assert len(received) == 1


async def test_an_answer_that_drips_is_cut_off_at_the_time_limit(make_source: MakeSource) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(http(b"", length=100))
        for _ in range(100):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with answering(drip) as (url, _):
        started = time.monotonic()
        assert await reason(make_source(url)) == "slow"
        assert time.monotonic() - started < 1.5


async def test_fields_the_schema_does_not_declare_are_left_behind(make_source: MakeSource) -> None:
    body = GOOD.replace(b'"pension": null', b'"pension": null, "address": "Harbour Road 1", "hukou": {"a": 1}')
    async with answering(http(body)) as (url, _):
        answer = await make_source(url).ask(INSURANCE)
    assert set(answer.data) == {"as_of", "pension", "medical", "bills"}


async def test_neither_address_nor_secret_gets_out_in_errors_logs_or_representations(
    make_source: MakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = b"very-secret-" * 3
    async with answering(http(b"{")) as (url, _):
        source = make_source(url, secret=secret)
        with capture_logs() as logged, pytest.raises(SourceUnavailable) as refused:
            await source.ask(INSURANCE)
    port = url.rpartition(":")[2]
    library = " ".join(record.getMessage() for record in caplog.records if record.name == "httpx")
    shown = f"{refused.value} {refused.value.__cause__} {logged} {SourceAddress(url, secret)} {library}"
    assert refused.value.__suppress_context__
    for hidden in (port, "very-secret", LIN.id_number):
        assert hidden not in shown
    assert logged == [
        {
            "event": "source.failed",
            "source": "hrss",
            "operation": "social_insurance",
            "reason": "nonsense",
            "trace_id": "trc_test",
            "log_level": "warning",
        }
    ]


async def test_what_does_not_fit_the_inputs_schema_is_never_sent(make_source: MakeSource) -> None:
    async with answering(http(GOOD)) as (url, received):
        source = make_source(url)
        for question in (
            replace(INSURANCE, inputs={"id_number": "1; drop table"}),
            replace(INSURANCE, inputs={}),
            replace(INSURANCE, source="nobody"),
            replace(INSURANCE, operation="../admin"),
        ):
            with pytest.raises(InvalidInput):
                await source.ask(question)
    assert not received


async def test_a_failing_source_is_left_alone_for_a_while(make_source: MakeSource) -> None:
    async with answering(http(b"{}", status="503 Service Unavailable")) as (url, received):
        source = make_source(url)
        for _ in range(8):
            assert await reason(source) == "down"
    assert len(received) == 5


async def test_one_source_is_asked_at_most_so_many_questions_at_once(
    make_source: MakeSource, registrations: Mapping[str, SourceSpec]
) -> None:
    hrss = registrations["hrss"]
    patient = replace(hrss.operations["social_insurance"], timeout_s=10.0)
    now_asked, most_asked = 0, 0

    async def take_time(writer: asyncio.StreamWriter) -> None:
        nonlocal now_asked, most_asked
        now_asked += 1
        most_asked = max(most_asked, now_asked)
        await asyncio.sleep(0.05)
        now_asked -= 1
        writer.write(http(GOOD))
        await writer.drain()

    async with answering(take_time) as (url, received):
        source = make_source(url, specs={"hrss": replace(hrss, operations={"social_insurance": patient})})
        await asyncio.gather(*(source.ask(INSURANCE) for _ in range(3 * AT_ONCE_MAX)))
    assert len(received) == 3 * AT_ONCE_MAX
    assert most_asked == AT_ONCE_MAX


def keeping(specs: Mapping[str, SourceSpec], *, fresh_s: float, stale_s: float) -> dict[str, SourceSpec]:
    hrss = specs["hrss"]
    operation = replace(hrss.operations["social_insurance"], fresh_s=fresh_s, stale_s=stale_s)
    return {"hrss": replace(hrss, operations={"social_insurance": operation})}


async def test_a_fresh_answer_is_given_again_without_asking_and_says_so(
    department: Any, make_source: MakeSource, registrations: Mapping[str, SourceSpec]
) -> None:
    source = make_source(department.url, specs=keeping(registrations, fresh_s=60, stale_s=0))
    first = await source.ask(INSURANCE)
    await department.fault("down")
    again = await source.ask(INSURANCE)
    assert again == SourceAnswer(first.data, first.as_of, cached=True)
    other = replace(INSURANCE, inputs={"id_number": load_residents()[1].id_number})
    assert await reason(source, other) == "down"


async def test_while_the_source_gives_no_answer_the_last_one_stands_in_as_of_its_time(
    department: Any, make_source: MakeSource, registrations: Mapping[str, SourceSpec]
) -> None:
    source = make_source(department.url, specs=keeping(registrations, fresh_s=0, stale_s=60))
    first = await source.ask(INSURANCE)
    for fault in ("down", "slow", "nonsense"):
        await department.fault(fault)
        again = await source.ask(INSURANCE)
        assert (again.cached, again.as_of) == (True, first.as_of)
    await department.fault("none")
    assert not (await source.ask(INSURANCE)).cached


async def test_nothing_is_kept_where_the_registration_allows_no_keeping(
    department: Any, make_source: MakeSource
) -> None:
    source = make_source(department.url)
    await source.ask(INSURANCE)
    await department.fault("down")
    assert await reason(source) == "down"


async def test_a_source_is_never_asked_while_a_unit_is_open(
    db: Database, department: Any, make_source: MakeSource
) -> None:
    source = make_source(department.url)
    async with db.unit():
        with pytest.raises(UnitHeldDuringIo):
            await source.ask(INSURANCE)


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("ftp://127.0.0.1", b"s" * 32),
        ("http://user:pw@127.0.0.1", b"s" * 32),
        ("http://127.0.0.1/?a=1", b"s" * 32),
        ("http://127.0.0.1", b"short"),
    ],
)
async def test_an_unusable_address_or_short_secret_stops_the_start_without_being_shown(
    registrations: Mapping[str, SourceSpec], url: str, secret: bytes
) -> None:
    with pytest.raises(ValueError, match="of the source population") as wrong:
        HttpSource(registrations, dict.fromkeys(registrations, SourceAddress(url, secret)), clock=SystemClock())
    assert url not in str(wrong.value)
    with pytest.raises(ValueError, match="has no address"):
        HttpSource(registrations, {}, clock=SystemClock())


async def test_the_department_takes_each_signed_question_once(department: Any, make_source: MakeSource) -> None:
    """A recorded question, sent again, is not answered."""
    seen: list[httpx.Request] = []
    source = make_source(department.url)

    async def keep(request: httpx.Request) -> None:
        seen.append(request)

    source._client.event_hooks["request"].append(keep)
    await source.ask(INSURANCE)
    (request,) = seen
    async with httpx.AsyncClient() as client:
        again = await client.post(request.url, content=request.content, headers=request.headers)
    assert again.status_code == 401
