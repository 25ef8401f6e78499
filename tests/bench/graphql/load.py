"""Asks a server as many phones would: keep-alive connections over plain sockets, one request under way on each.

Written on epoll with requests made ahead, since what the asking costs is taken from the machine that answers.
"""

import select
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice

READ_BYTES = 256 * 1024
ANSWER_TIMEOUT_S = 30.0
HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length: "


class BadAnswer(Exception):  # noqa: N818 - said to a person, as it is
    """A server closed the connection, or answered with an error or in a way that this client does not read."""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load."""

    answers: int
    elapsed_s: float
    latencies_s: list[float] = field(repr=False)

    @property
    def answers_per_s(self) -> float:
        """Answers in a second, over all connections."""
        return self.answers / self.elapsed_s

    def latency_ms(self, share: float) -> float:
        """Return the latency that this share of the answers kept within."""
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    sent_at_s: float = 0.0
    received: bytes = b""
    expected_bytes: int = 0


def post(port: int, token: str, body: bytes, *, language: str = "zh-CN,zh;q=0.9,en;q=0.8") -> bytes:
    """Return a GraphQL request as a phone sends it, ready for the wire."""
    head = (
        "POST /graphql HTTP/1.1",
        f"host: 127.0.0.1:{port}",
        "user-agent: shimin-bench",
        "accept: application/graphql-response+json, application/json",
        f"accept-language: {language}",
        "content-type: application/json",
        f"authorization: Bearer {token}",
        f"content-length: {len(body)}",
    )
    return "\r\n".join(head).encode() + HEAD_END + body


def ask(port: int, request: bytes) -> bytes:
    """Send one request on a connection of its own and return the body of its answer.

    Raises:
        BadAnswer: the answer is an error or cannot be read.
        OSError: nobody listens there.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_TIMEOUT_S) as opened:
        connection = _Connection(opened)
        opened.sendall(request)
        while (body := _receive(connection)) is None:
            pass
        return body


def run_load(
    port: int, requests: Sequence[bytes], *, connections: int, seconds: float, answers_min: int = 0, start: int = 0
) -> Load:
    """Keep that many connections busy for some seconds, or until there are ``answers_min`` answers if that is longer.

    Args:
        requests: asked in turn, over and over; ``start`` is the place of the first.
        answers_min: waited for three times as long as ``seconds`` at most.

    Raises:
        BadAnswer: an answer is an error; measuring errors would flatter.
    """
    following: Iterator[bytes] = islice(cycle(requests), start % len(requests), None)
    opened = [_Connection(_open(port)) for _ in range(connections)]
    poll = select.epoll()
    by_number = {connection.socket.fileno(): connection for connection in opened}
    latencies_s: list[float] = []
    try:
        began_s = time.perf_counter()
        for number, connection in by_number.items():
            poll.register(number, select.EPOLLIN)
            connection.sent_at_s = time.perf_counter()
            connection.socket.sendall(next(following))
        under_way = connections
        while under_way:
            events = poll.poll(ANSWER_TIMEOUT_S)
            if not events:
                raise BadAnswer(f"{under_way} requests had no answer within {ANSWER_TIMEOUT_S:.0f} s")
            for number, _ in events:
                connection = by_number[number]
                if _receive(connection) is None:
                    continue
                now_s = time.perf_counter()
                latencies_s.append(now_s - connection.sent_at_s)
                ran_s = now_s - began_s
                if ran_s < seconds or (len(latencies_s) < answers_min and ran_s < 3 * seconds):
                    connection.sent_at_s = now_s
                    connection.socket.sendall(next(following))
                else:
                    under_way -= 1
        return Load(len(latencies_s), time.perf_counter() - began_s, latencies_s)
    finally:
        poll.close()
        for connection in opened:
            connection.socket.close()


def _open(port: int) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_TIMEOUT_S)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def _receive(connection: _Connection) -> bytes | None:
    """Read what has come; return the body once the answer is complete, None before."""
    data = connection.socket.recv(READ_BYTES)
    if not data:
        raise BadAnswer("the server closed the connection")
    if connection.received:
        data = connection.received + data
    if not connection.expected_bytes:
        end = data.find(HEAD_END)
        if end < 0:
            connection.received = data
            return None
        connection.expected_bytes = _whole_bytes(data, end)
    if len(data) < connection.expected_bytes:
        connection.received = data
        return None
    body = data[data.index(HEAD_END) + len(HEAD_END) :]
    if len(data) > connection.expected_bytes or b'"errors"' in body:
        raise BadAnswer(body[:2000].decode(errors="replace"))
    connection.received, connection.expected_bytes = b"", 0
    return body


def _whole_bytes(data: bytes, head_bytes: int) -> int:
    """Return how long the whole answer is, from its head."""
    if not data.startswith(b"HTTP/1.1 200 "):
        raise BadAnswer(data[:2000].decode(errors="replace"))
    head = data[: head_bytes + 2].lower()
    found = head.find(LENGTH)
    if found < 0:
        raise BadAnswer("an answer without Content-Length")
    found += len(LENGTH)
    return head_bytes + len(HEAD_END) + int(head[found : head.index(b"\r", found)])
