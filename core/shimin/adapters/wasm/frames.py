"""What the core and a runner say to each other over one socket: length, kind, request token, numbers, texts.

Both sides use this module; a runner imports it, so it imports next to nothing.

A frame is ``u32 length | u8 kind | 16 bytes token | u8 numbers | u8 texts | i64 … | (u32 length, UTF-8 bytes) …``, all
little-endian.
A text that is absent has the length 2^32-1.
"""

from collections.abc import Sequence
from enum import IntEnum
from struct import Struct

TOKEN_BYTES = 16
NO_TOKEN = bytes(TOKEN_BYTES)
FRAME_BYTES_MAX = 8 * 1024 * 1024
"""Longer than any limit allows; whoever announces more is cut off."""

_HEAD = Struct("<IB16sBB")
_LENGTH = Struct("<I")
_NUMBER = Struct("<q")
_ABSENT = 0xFFFFFFFF
HEAD_BYTES = _HEAD.size
LENGTH_BYTES = _LENGTH.size


class Kind(IntEnum):
    """Who sends what: the core the first group, a runner the second."""

    CALL = 1
    """numbers: guest_ms, host_calls, output_bytes_max, log_bytes_max; texts: operation, input."""
    REPLY = 2
    """texts: the answer to a host call."""
    REFUSE = 3
    """texts: code, message, detail."""
    ABORT = 4
    """The host call is answered by ending the guest."""

    READY = 16
    """numbers: microseconds since the start; texts: name and result of each probe, alternating."""
    FAILED = 17
    """texts: step, reason; the runner ends."""
    EXECUTE = 18
    """texts: document, variables."""
    FETCH = 19
    """texts: connector, request."""
    LOG = 20
    """texts: level, message."""
    DONE = 21
    """numbers: cpu_us, memory_bytes; texts: output."""
    SAID_NO = 22
    """numbers: cpu_us, memory_bytes; texts: code, message, detail."""
    ENDED = 23
    """numbers: cpu_us, memory_bytes; texts: cause (``Cause``), what the engine said."""
    ASK = 24
    """texts: service, request."""


HOST_CALLS = frozenset({Kind.EXECUTE, Kind.FETCH, Kind.ASK})
"""What a guest asks of the core and waits for."""


class Cause:
    """Why an instance ended without an answer."""

    TIME = "time"
    MEMORY = "memory"
    OUTPUT = "output"
    HOST_CALLS = "host_calls"
    ABORTED = "aborted"
    TRAP = "trap"


class FrameBroken(Exception):  # noqa: N818 - says what happened
    """The other side does not keep to the format."""


def pack(
    kind: Kind, token: bytes = NO_TOKEN, numbers: Sequence[int] = (), texts: Sequence[str | None] = ()
) -> bytearray:
    """Return a frame ready to send."""
    frame = bytearray(HEAD_BYTES)
    for number in numbers:
        frame += _NUMBER.pack(number)
    for text in texts:
        if text is None:
            frame += _LENGTH.pack(_ABSENT)
        else:
            body = text.encode("utf-8", "replace")
            frame += _LENGTH.pack(len(body))
            frame += body
    _HEAD.pack_into(frame, 0, len(frame) - LENGTH_BYTES, kind, token, len(numbers), len(texts))
    return frame


def body_length(head: bytes | bytearray | memoryview) -> int:
    """Return how many bytes follow the length field.

    Raises:
        FrameBroken: fewer than a header needs or more than any frame may have.
    """
    (length,) = _LENGTH.unpack_from(head)
    if not HEAD_BYTES - LENGTH_BYTES <= length <= FRAME_BYTES_MAX:
        message = "frame length"
        raise FrameBroken(message)
    return int(length)


class Frame:
    """One frame, taken apart and checked."""

    __slots__ = ("kind", "numbers", "texts", "token")

    def __init__(self, frame: bytes | bytearray) -> None:
        """Take a whole frame apart.

        Raises:
            FrameBroken: its parts do not add up to its length, or a text is not UTF-8.
        """
        _, kind, self.token, number_count, text_count = _HEAD.unpack_from(frame)
        self.kind = int(kind)
        position = HEAD_BYTES + 8 * number_count
        if position > len(frame):
            message = "frame numbers"
            raise FrameBroken(message)
        self.numbers = [_NUMBER.unpack_from(frame, HEAD_BYTES + 8 * nth)[0] for nth in range(number_count)]
        self.texts: list[str | None] = []
        for _ in range(text_count):
            if position + LENGTH_BYTES > len(frame):
                message = "frame texts"
                raise FrameBroken(message)
            (length,) = _LENGTH.unpack_from(frame, position)
            position += LENGTH_BYTES
            if length == _ABSENT:
                self.texts.append(None)
                continue
            if position + length > len(frame):
                message = "frame text"
                raise FrameBroken(message)
            try:
                self.texts.append(str(frame[position : position + length], "utf-8"))
            except UnicodeDecodeError:
                message = "frame encoding"
                raise FrameBroken(message) from None
            position += length
        if position != len(frame):
            message = "frame end"
            raise FrameBroken(message)

    def text(self, nth: int) -> str:
        """Return a text that must be there.

        Raises:
            FrameBroken: it is not.
        """
        text = self.texts[nth] if nth < len(self.texts) else None
        if text is None:
            message = "frame text missing"
            raise FrameBroken(message)
        return text

    def number(self, nth: int) -> int:
        """Return a number that must be there; raises like ``text``."""
        if nth >= len(self.numbers):
            message = "frame number missing"
            raise FrameBroken(message)
        return int(self.numbers[nth])
