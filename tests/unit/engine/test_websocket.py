"""Operations over websockets follow graphql-transport-ws, clause by clause, for those who may ask."""

import asyncio
import json
from typing import Any

import pytest
from tests.unit.engine.sockets import (
    INIT,
    MESSAGE_BYTES_MAX,
    PROTOCOL,
    QUICK,
    SCHEMA,
    Desk,
    ask,
    closed,
    code,
    complete,
    connected,
    hear,
    next_,
    say,
)
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.websocket import WebSocketLimits

# ---- the protocol, clause by clause ----------------------------------------------------------------------------------

ANSWERED: dict[str, tuple[list[Any], list[Any]]] = {
    "a ping is answered": ([{"type": "ping"}], [{"type": "pong"}]),
    "a ping's payload comes back": ([{"type": "ping", "payload": {"a": 1}}], [{"type": "pong", "payload": {"a": 1}}]),
    "a pong nobody asked for is taken": ([{"type": "pong"}, {"type": "ping"}], [{"type": "pong"}]),
    "a query is answered once": ([ask(QUICK)], [next_({"quick": "here"}), complete()]),
    "each event is a message": (
        [ask("subscription { count(to: 2) }")],
        [next_({"count": 1}), next_({"count": 2}), complete()],
    ),
    "variables are taken": (
        [ask("subscription($n: Int!) { count(to: $n) }", variables={"n": 1})],
        [next_({"count": 1}), complete()],
    ),
    "completing what is over changes nothing": ([complete(), {"type": "ping"}], [{"type": "pong"}]),
    "members that are not known are passed over": ([{"type": "ping", "more": 1}], [{"type": "pong"}]),
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a text that does not parse": (ask("{"), "DOCUMENT_INVALID"),
    "a field that is not there": (ask("{ nothing }"), "DOCUMENT_INVALID"),
    "a variable that is missing": (ask("subscription($n: Int!) { count(to: $n) }"), "DOCUMENT_INVALID"),
    "a trusted document nobody knows": (
        {"id": "1", "type": "subscribe", "payload": {"documentId": "sha256:" + "0" * 64}},
        "DOCUMENT_UNKNOWN",
    ),
    "a subscription that is not the caller's": (ask("subscription { whoever }"), "NOT_SIGNED_IN"),
}
CLOSING: dict[str, tuple[list[Any], int, str]] = {
    "no JSON": (["{"], 4400, "not valid JSON"),
    "no object": (["[]"], 4400, "type"),
    "no type": (["{}"], 4400, "type"),
    "a type of servers": ([{"type": "next", "id": "1"}], 4400, "type"),
    "a member twice": (['{"type":"ping","type":"ping"}'], 4400, "twice"),
    "bytes": ([b'{"type":"ping"}'], 4400, "text"),
    "too much nesting": (['{"type":"ping","payload":{"a":' + "[" * 99 + "]" * 99 + "}}"], 4400, "nested"),
    "a payload that is no object": ([{"type": "ping", "payload": [1]}], 4400, "payload"),
    "nothing to run": ([{"type": "subscribe", "id": "1", "payload": {}}], 4400, "query"),
    "no payload": ([{"type": "subscribe", "id": "1"}], 4400, "object"),
    "an operation without a name": ([{"type": "subscribe", "payload": {"query": QUICK}}], 4400, "id"),
    "an empty name": ([ask(QUICK, "")], 4400, "id"),
    "a name that is too long": ([ask(QUICK, "n" * 129)], 4400, "id"),
    "a second init": ([INIT], 4429, "Too many initialisation requests"),
    "a name that is taken": (
        [ask("subscription { flood }"), ask(QUICK)],
        4409,
        "Subscriber for 1 already exists",
    ),
    "too long a message": ([{"type": "ping", "payload": {"a": "x" * MESSAGE_BYTES_MAX}}], 1009, "4096 bytes"),
}


@pytest.mark.parametrize("clause", ANSWERED)
async def test_the_protocol_is_answered(clause: str) -> None:
    said, expected = ANSWERED[clause]
    async with Desk().open() as address, connected(address) as socket:
        assert socket.subprotocol == PROTOCOL
        await say(socket, *said)
        assert [await hear(socket) for _ in expected] == expected


async def test_what_does_not_run_is_an_error_and_the_connection_goes_on() -> None:
    async with Desk().open() as address, connected(address) as socket:
        for message, expected in REFUSED.values():
            await say(socket, message)
            assert code(await hear(socket)) == expected
            await say(socket, {"type": "ping"})
            assert await hear(socket) == {"type": "pong"}, "an error is the last message of its operation"


async def test_what_breaks_the_protocol_closes_the_connection_and_says_why() -> None:
    async with Desk().open() as address:
        for clause, (said, expected, reason) in CLOSING.items():
            async with connected(address) as socket:
                await say(socket, *said)
                found = await closed(socket)
            assert (found[0], reason in found[1]) == (expected, True), f"{clause}: {found}"


async def test_nothing_runs_before_the_acknowledgement() -> None:
    async with Desk().open() as address, connected(address, init=None) as socket:
        await say(socket, {"type": "ping"})
        assert await hear(socket) == {"type": "pong"}
        await say(socket, ask(QUICK))
        assert await closed(socket) == (4401, "Unauthorized")


async def test_who_does_not_begin_in_time_is_left() -> None:
    limits = WebSocketLimits(init_timeout_s=0.1)
    async with Desk(limits=limits).open() as address, connected(address, init=None) as socket:
        assert await closed(socket) == (4408, "Connection initialisation timeout")


@pytest.mark.parametrize("spoken", [None, ["graphql-ws"]])
async def test_another_subprotocol_is_not_spoken(spoken: Any) -> None:
    async with Desk().open() as address, connect(address, subprotocols=spoken, proxy=None) as socket:
        assert await closed(socket) == (4406, "Subprotocol not acceptable")


async def test_a_fault_is_told_by_its_trace_id_alone() -> None:
    async with Desk().open() as address, connected(address) as socket:
        await say(socket, ask("{ broken }"))
        heard = await hear(socket)
        await hear(socket)
        await say(socket, ask("subscription { breaking }"))
        assert await hear(socket) == next_({"breaking": 1})
        ended = await hear(socket)
    assert heard["payload"]["errors"][0]["extensions"]["code"] == code(ended) == "INTERNAL"
    assert "hunter2" not in json.dumps([heard, ended])


# ---- who may ask -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://own.evil.example"])
async def test_a_page_of_another_site_gets_no_connection(origin: str) -> None:
    async with Desk().open() as address:
        with pytest.raises(InvalidStatus) as refused:
            async with connected(address, origin=origin):
                pass
        assert refused.value.response.status_code == 403
        for known in ("http://own", "https://portal.example"):
            async with connected(address, origin=known):
                pass


@pytest.mark.parametrize("name", ["authorization", "Authorization"])
async def test_a_token_counts_in_the_first_message_and_in_the_header(name: str) -> None:
    whoever, expected = ask("subscription { whoever }"), next_({"whoever": "ctz_1"})
    async with Desk().open() as address:
        async with connected(address, init={**INIT, "payload": {name: "Bearer right", "client": "app"}}) as socket:
            await say(socket, whoever)
            assert await hear(socket) == expected
        async with connected(address, additional_headers={name: "Bearer right"}) as socket:
            await say(socket, whoever)
            assert await hear(socket) == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"authorization": "Bearer wrong"}, (4403, "TOKEN_INVALID")),
        ({"authorization": "令牌"}, (4400, "“authorization” is an ASCII text")),
        ({"authorization": 5}, (4400, "“authorization” is an ASCII text")),
    ],
)
async def test_a_wrong_token_is_refused_rather_than_served_as_nobody(payload: Any, expected: tuple[int, str]) -> None:
    async with Desk().open() as address, connected(address, init=None) as socket:
        await say(socket, {**INIT, "payload": payload})
        assert await closed(socket) == expected


async def test_only_trusted_documents_run_where_texts_are_not_allowed() -> None:
    document_id = Documents(SCHEMA).register(QUICK).id
    async with Desk(texts_allowed=False).open() as address, connected(address) as socket:
        await say(socket, ask(QUICK))
        assert code(await hear(socket)) == "DOCUMENTS_ONLY"
        await say(socket, {"id": "1", "type": "subscribe", "payload": {"documentId": document_id}})
        assert await hear(socket) == next_({"quick": "here"})


async def test_a_session_that_ends_closes_the_connection_and_stops_what_runs() -> None:
    desk = Desk(limits=WebSocketLimits(session_check_s=0.05))
    init = {**INIT, "payload": {"authorization": "Bearer right"}}
    async with desk.open() as address, connected(address, init=init) as socket:
        await say(socket, ask("subscription { whoever }"))
        await hear(socket)
        await asyncio.sleep(0.15)
        await say(socket, {"type": "ping"})
        assert await hear(socket) == {"type": "pong"}, "a session that stands is not ended by looking"
        desk.seen.signed_out = True
        assert await closed(socket) == (4403, "SESSION_ENDED")
    assert desk.seen.stopped.is_set()
