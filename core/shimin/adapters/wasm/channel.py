"""A runner's side of the socket: whole frames, and an end of the process with the end of the core."""

import os
import socket

from shimin.adapters.wasm.frames import HEAD_BYTES, LENGTH_BYTES, NO_TOKEN, Frame, Kind, body_length, pack

RECEIVE_BYTES = 256 * 1024
ERROR_CHARS_MAX = 1_000


class Channel:
    """The socket to the core, whole frames at a time."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over the connected socket."""
        self._sock = sock
        self._received = bytearray()

    def send(self, frame: bytearray) -> None:
        """Send a whole frame; the process ends where the core is gone."""
        try:
            self._sock.sendall(frame)
        except OSError:
            os._exit(0)

    def receive(self) -> Frame:
        """Wait for the next frame; the process ends where the core is gone."""
        received = self._received
        while True:
            if len(received) >= HEAD_BYTES:
                end = LENGTH_BYTES + body_length(received)
                if len(received) >= end:
                    frame = Frame(received[:end])
                    del received[:end]
                    return frame
            try:
                chunk = self._sock.recv(RECEIVE_BYTES)
            except OSError:
                chunk = b""
            if not chunk:
                os._exit(0)
            received += chunk

    def has_pending(self) -> bool:
        """Tell whether the core has already sent something more."""
        if self._received:
            return True
        try:
            return len(self._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)) >= 0
        except BlockingIOError:
            return False
        except OSError:
            return True

    def fail(self, step: str, error: BaseException) -> None:
        """Tell the core why this process ends, and end."""
        text = f"{type(error).__name__}: {error}"[:ERROR_CHARS_MAX]
        self.send(pack(Kind.FAILED, NO_TOKEN, (), (step, text)))
        os._exit(1)
