"""Any operations side by side over one websocket, as graphql-transport-ws; for clients that cannot use event streams.

Nothing is queued here: an operation waits until the server has taken its message, and the server takes no more than its
write buffer holds. A reader that takes nothing is left after ``send_timeout_s``.

Source: GraphQL over WebSocket Protocol (``graphql-transport-ws``), RFC 6455; ASGI websockets, version 2.4.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from shimin.kit.refusal import Refusal
from shimin_graphql.engine.documents import DocumentError
from shimin_graphql.engine.errors import InternalFault, OperationsTooMany, StreamsFull
from shimin_graphql.engine.headers import read_headers
from shimin_graphql.engine.http import nobody
from shimin_graphql.engine.intake import ANY, address_of
from shimin_graphql.engine.reply import dump, public_error, refusal_error
from shimin_graphql.engine.request import ClientGone
from shimin_graphql.engine.websocket_messages import (
    ACK,
    FAULT,
    FORBIDDEN,
    ID_TAKEN,
    INIT_TIMEOUT,
    INIT_TWICE,
    SUBPROTOCOL,
    SUBPROTOCOL_NOT_ACCEPTABLE,
    TRY_AGAIN_LATER,
    UNAUTHORIZED,
    Closed,
    complete,
    errors,
    next_,
    pong,
    read_message,
    with_init,
)

if TYPE_CHECKING:
    from shimin_graphql.context import Context
    from shimin_graphql.engine.headers import Headers
    from shimin_graphql.engine.intake import Asked, Intake, Scope
    from shimin_graphql.engine.request import GraphQLRequest, Receive
    from shimin_graphql.engine.response import Send
    from shimin_graphql.engine.run import Engine
    from shimin_graphql.engine.seats import Seats
    from shimin_graphql.engine.websocket_messages import Message

log = structlog.get_logger("shimin.graphql")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketLimits:
    """What websockets may take, beside the seats they share with event streams."""

    message_bytes_max: int = 256 * 1024
    operations_max: int = 16
    """Operations of one connection at a time."""
    waiting_max: int = 500
    """Connections of a process that have not said who they are; they have no seat yet."""
    init_timeout_s: float = 3.0
    """Longest wait for ``connection_init``."""
    send_timeout_s: float = 30.0
    """Longest wait for a reader to take anything of what was sent."""
    session_check_s: float = 15.0
    """How often the caller's session is looked at."""


class WebSocketEndpoint:
    """Runs the operations that come over websockets."""

    def __init__(
        self, engine: Engine, intake: Intake, seats: Seats, limits: WebSocketLimits = WebSocketLimits()
    ) -> None:
        """Run what the intake lets through, while there are seats."""
        self._engine = engine
        self._intake = intake
        self._seats = seats
        self._limits = limits
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; a page of an unknown site is refused before there is one (403)."""
        if (await receive())["type"] != "websocket.connect":
            return
        try:
            headers = read_headers(scope["headers"])
            self._intake.origins.check(headers.get(b"origin"))
        except Refusal:
            await send({"type": "websocket.close"})
            return
        connection = _Connection(self._engine, self._intake, self._limits, receive, send)
        try:
            await self._serve(connection, headers, scope)
        except ClientGone:
            return
        except Closed as closed:
            await connection.close(closed)
        except Refusal as refusal:
            await connection.close(Closed(FORBIDDEN if not refusal.retryable else TRY_AGAIN_LATER, refusal.code))
        except Exception:
            log.exception("graphql.fault")
            await connection.close(Closed(FAULT, InternalFault.code))

    async def _serve(self, connection: _Connection, headers: Headers, scope: Scope) -> None:
        if SUBPROTOCOL not in scope["subprotocols"]:
            await connection.accept(None)
            raise Closed(SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
        await connection.accept(SUBPROTOCOL)
        if self._waiting >= self._limits.waiting_max:
            raise StreamsFull
        self._waiting += 1
        try:
            payload = await connection.wait_for_init()
            headers = with_init(headers, payload)
            context = await self._intake.make_context(headers)
        finally:
            self._waiting -= 1
        address = address_of(scope)
        with self._seats.take(context.call, address):
            await connection.run(headers, address)


class _Connection:
    """One websocket: an idle one holds a task, a timer for its session, and a task for each operation."""

    __slots__ = (
        "_address",
        "_ended_by",
        "_engine",
        "_headers",
        "_intake",
        "_limits",
        "_looking",
        "_operations",
        "_receive",
        "_send",
        "_task",
        "_timer",
    )

    def __init__(self, engine: Engine, intake: Intake, limits: WebSocketLimits, receive: Receive, send: Send) -> None:
        self._engine = engine
        self._intake = intake
        self._limits = limits
        self._receive = receive
        self._send = send
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._task: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self._ended_by: Closed | ClientGone | None = None

    async def accept(self, subprotocol: str | None) -> None:
        """Complete the handshake."""
        await self._emit({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})

    async def close(self, closed: Closed) -> None:
        """Say why, and that this is the end."""
        with suppress(ClientGone):
            await self._emit({"type": "websocket.close", "code": closed.code, "reason": closed.reason})

    async def wait_for_init(self) -> Any:
        """Return the payload of ``connection_init``.

        Raises:
            Closed: it does not come in time (4408), or an operation comes first (4401).
        """
        try:
            async with asyncio.timeout(self._limits.init_timeout_s):
                while (message := await self._next()).type != "connection_init":
                    if message.type == "subscribe":
                        raise Closed(UNAUTHORIZED, "Unauthorized")
                    await self._take(message)
        except TimeoutError:
            raise Closed(INIT_TIMEOUT, "Connection initialisation timeout") from None
        return message.payload

    async def run(self, headers: Headers, address: str) -> None:
        """Acknowledge, and take messages until the connection ends; then nothing of it runs any more.

        Raises:
            Closed: it is to be closed.
            ClientGone: it was.
        """
        self._headers, self._address = headers, address
        self._task = asyncio.current_task()
        if b"authorization" in headers:
            self._look_later()
        try:
            await self._write(ACK)
            while True:
                await self._take(await self._next())
        except asyncio.CancelledError:
            if self._ended_by is None or self._task is None:
                raise
            self._task.uncancel()
            raise self._ended_by from None
        finally:
            self._task = None
            await self._stop_all()

    # ---- what comes in ------------------------------------------------------------------------------------------

    async def _next(self) -> Message:
        event = await self._receive()
        if event["type"] != "websocket.receive":
            raise ClientGone
        return read_message(event, self._limits.message_bytes_max)

    async def _take(self, message: Message) -> None:
        match message.type:
            case "ping":
                await self._write(pong(message.payload))
            case "subscribe" if message.request is not None:
                await self._begin(message.id, message.request)
            case "complete" if task := self._operations.pop(message.id, None):
                task.cancel()
                await asyncio.wait([task])  # no other message is taken before it has stopped
            case "connection_init":
                raise Closed(INIT_TWICE, "Too many initialisation requests")

    async def _begin(self, name: str, asked: GraphQLRequest) -> None:
        if name in self._operations:
            raise Closed(ID_TAKEN, f"Subscriber for {name} already exists")
        if len(self._operations) >= self._limits.operations_max:
            refusal = OperationsTooMany(operations_max=self._limits.operations_max)
            await self._write(errors(name, [refusal_error(refusal, nobody(self._headers))]))
            return
        self._operations[name] = asyncio.get_running_loop().create_task(self._operate(name, asked))

    # ---- operations ---------------------------------------------------------------------------------------------

    async def _operate(self, name: str, asked: GraphQLRequest) -> None:
        """Run one operation to its end, and say that it is over."""
        try:
            last = await self._answer(name, asked)
            if name in self._operations:  # a client that completed it hears no more of it, whatever it came to
                await self._write(last)
        except (Closed, ClientGone) as ended:
            self._end(ended)
        finally:
            self._operations.pop(name, None)

    async def _answer(self, name: str, asked: GraphQLRequest) -> bytes:
        """Send the operation's responses and return its last message."""
        call = nobody(self._headers)
        try:
            context = await self._identify()
            call = context.call
            found = await self._intake.find(asked, ANY, context, self._address)
            return await self._respond(name, found, context)
        except DocumentError as error:
            return errors(name, [public_error(item, call) for item in error.errors])
        except Refusal as refusal:
            return errors(name, [refusal_error(refusal, call)])
        except (Closed, ClientGone):
            raise
        except Exception:
            log.exception("graphql.fault", trace_id=call.trace_id)
            return errors(name, [refusal_error(InternalFault(trace_id=call.trace_id), call)])

    async def _respond(self, name: str, found: Asked, context: Context) -> bytes:
        document, variables = found.document, found.variables
        if document.kind != "subscription":
            reply = await self._engine.reply(document, variables, context, found.extensions)
            if not reply.has_data:
                return errors(name, orjson.loads(reply.body)["errors"])
            await self._write(next_(name, reply.body))
            return complete(name)
        async with aclosing(self._engine.stream(document, variables, context)) as answers:  # type: ignore[type-var]
            async for answer in answers:
                if "data" not in answer:
                    return errors(name, answer["errors"])
                await self._write(next_(name, dump(answer)))
        return complete(name)

    async def _stop_all(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        tasks = [*self._operations.values(), *([self._looking] if self._looking is not None else ())]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # ---- the session --------------------------------------------------------------------------------------------

    async def _identify(self) -> Context:
        """Return who asks, now.

        Raises:
            Closed: the session has ended (4403).
            Refusal: it cannot be told for a moment.
        """
        try:
            return await self._intake.make_context(self._headers)
        except Refusal as refusal:
            if refusal.retryable:  # a database that is away for a moment ends nobody's session
                raise
            raise Closed(FORBIDDEN, refusal.code) from None

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._limits.session_check_s, self._look)

    def _look(self) -> None:
        self._looking = asyncio.get_running_loop().create_task(self._look_once())

    async def _look_once(self) -> None:
        """Look whether the session still stands, and come again later."""
        try:
            await self._identify()
        except Closed as closed:
            self._end(closed)
            return
        except Refusal:
            pass  # it cannot be told now
        except Exception:
            log.exception("graphql.fault")
        self._looking = None  # nothing is kept between two looks but the timer
        self._look_later()

    def _end(self, why: Closed | ClientGone) -> None:
        """Make ``run`` end for this reason, wherever it waits."""
        if self._task is not None and self._ended_by is None:
            self._ended_by = why
            self._task.cancel()

    # ---- what goes out ------------------------------------------------------------------------------------------

    async def _write(self, message: bytes) -> None:
        await self._emit({"type": "websocket.send", "text": message.decode()})

    async def _emit(self, event: dict[str, Any]) -> None:
        """Hand an event to the server, waiting while its write buffer is full.

        Raises:
            ClientGone: the connection is over, or its reader took nothing for too long.
        """
        try:
            async with asyncio.timeout(self._limits.send_timeout_s):
                await self._send(event)
        except (
            OSError,
            RuntimeError,
        ):  # RuntimeError: the server has closed the connection by itself, unanswered pings
            raise ClientGone from None
