"""The development inbox: prints each text on the console and keeps the last ones for ``/dev/inbox``."""

import asyncio
import sys
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import orjson

from shimin.kit.held import assert_outside_unit
from shimin.kit.refusal import Refusal
from shimin.ports.notify import Notice

NOTICES_MAX = 100
FILE_BYTES_MAX = 256 * 1024
"""The file is rewritten with its last notices when it grows beyond this."""


class DevelopmentOnly(Refusal):
    """A convenience of development was asked for in production."""

    code = "DEVELOPMENT_ONLY"
    http_status = 503
    what: str


@dataclass(frozen=True, slots=True)
class SentNotice:
    """A notice as the development inbox shows it."""

    at: datetime
    phone: str
    template: str
    body: str


class DevelopmentNotifier:
    """Fulfils the notify port for one machine; the texts, codes included, are for anyone who can read the console."""

    def __init__(self, *, mode: Literal["development", "production"], folder: Path) -> None:
        """Keep notices in ``dev-inbox.jsonl`` of a folder that server and workers share.

        Raises:
            DevelopmentOnly: the installation runs in production mode.
        """
        if mode != "development":
            raise DevelopmentOnly(what="the printed inbox")
        self._file = folder / "dev-inbox.jsonl"

    async def send(self, notice: Notice) -> None:
        """Print the notice and keep it."""
        assert_outside_unit("send a text message")
        line = orjson.dumps(
            {"at": datetime.now(UTC), "phone": notice.phone, "template": notice.template, "body": notice.body}
        )
        await asyncio.to_thread(self._append, line)
        # The console is this adapter's provider; nothing of a notice ever goes to the log.
        sys.stderr.write(f"[DEVELOPMENT INBOX] {notice.phone} {notice.template}: {notice.body}\n")
        sys.stderr.flush()

    async def close(self) -> None:
        """Nothing is held open."""

    def notices(self) -> list[SentNotice]:
        """Return the last 100 notices of all processes that share the folder, the newest last."""
        try:
            lines = self._file.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        return [
            SentNotice(
                at=datetime.fromisoformat(read["at"]), phone=read["phone"], template=read["template"], body=read["body"]
            )
            for read in map(orjson.loads, lines[-NOTICES_MAX:])
        ]

    def _append(self, line: bytes) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if self._file.exists() and self._file.stat().st_size > FILE_BYTES_MAX:
            kept = deque(self._file.read_bytes().splitlines(keepends=True), maxlen=NOTICES_MAX)
            shorter = self._file.with_suffix(".tmp")
            shorter.touch(mode=0o600)
            shorter.write_bytes(b"".join(kept))
            shorter.replace(self._file)
        self._file.touch(mode=0o600)
        with self._file.open("ab") as inbox:  # one write of one line: appends of several processes do not mix
            inbox.write(line + b"\n")
