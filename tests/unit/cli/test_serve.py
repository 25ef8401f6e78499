"""The server's socket: nobody keeps a connection by not reading."""

import asyncio
import socket
import sys

import pytest

from shimin.cli import serve


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason=f"{sys.platform} cannot tell")
async def test_a_client_that_takes_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "UNREAD_S_MAX", 0.5)
    cut = asyncio.Event()

    async def pour(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(bytes(64 * 1024))
                await writer.drain()
        except OSError:
            cut.set()

    listening = serve.bind("127.0.0.1", 0)
    async with await asyncio.start_server(pour, sock=listening):
        with socket.create_connection(listening.getsockname()):
            await asyncio.wait_for(cut.wait(), 20)
