"""What the core keeps for a mini-app besides documents: messages, files and a small store for each citizen.

They go through the host's fourth door, ``ask``. What a platform does not offer raises ``NotAvailable``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shimin_sdk.errors import AnswerMismatch, HostError, NotFound, ScopeNotDeclared, ValidationError
from shimin_sdk.host import Host
from shimin_sdk.schema import read_as
from shimin_sdk.wire import NotJson, read_json, to_json

Value = TypeVar("Value")

KEY = re.compile(r"[a-z0-9][a-z0-9._/-]{0,127}")
VALUE_BYTES_MAX = 64 * 1024
"""Largest value in the store, as JSON."""
FILE_CHARS_MAX = 256 * 1024
"""Longest text of a file that a mini-app writes itself."""


class Door:
    """The host's fourth door, for one call."""

    def __init__(self, host: Host, *, changes: Callable[[str], None]) -> None:
        """Ask through the host; ``changes`` refuses what a query may not do."""
        self._ask = host.ask
        self.changes = changes

    def ask(self, service: str, request: Mapping[str, object]) -> Any:
        """Return the JSON answer of a service such as ``store.get``.

        Raises:
            NotAvailable: the platform does not have it.
            HostError: it refused, as the subclass that fits its code.
        """
        try:
            return read_json(self._ask(service, to_json(request)))
        except HostError as error:
            raise error.typed() from None
        except NotJson as error:
            raise AnswerMismatch(service, str(error)) from None

    def ask_for(self, kind: type[Value], service: str, request: Mapping[str, object]) -> Value:
        """Return the answer of a service as a type.

        Raises:
            AnswerMismatch: it does not fit.
        """
        return _read(kind, self.ask(service, request), service)


def _read(kind: type[Value], value: object, service: str) -> Value:
    try:
        return read_as(kind, value, path=service, strict=False)
    except ValidationError as error:
        raise AnswerMismatch(service, *map(str, error.problems)) from None


@dataclass(frozen=True)
class Sent:
    """A message that is on its way to the citizen's inbox."""

    id: str


class Messages:
    """Messages into the citizen's inbox, by templates that the manifest declares under ``shimin.messages``."""

    def __init__(self, door: Door, declared: Sequence[object], new_id: Callable[[str], str]) -> None:
        """Send on behalf of one call."""
        self._door = door
        self._declared = declared
        self._new_id = new_id

    def send(self, template: str, **params: object) -> Sent:
        """Send a message; a repeated action or fact sends it once.

        Args:
            template: one of ``shimin.messages``.
            params: what fills the template's slots.

        Raises:
            ScopeNotDeclared: the manifest does not name the template.
            NotAvailable: this platform sends none for mini-apps.
            RuntimeError: in a query.
        """
        self._door.changes("sends a message")
        if template not in self._declared:
            raise ScopeNotDeclared("MESSAGE_NOT_DECLARED", f"{template} is not in shimin.messages of manifest.json")
        return self._door.ask_for(
            Sent, "messages.send", {"id": self._new_id("msg"), "template": template, "params": params}
        )


@dataclass(frozen=True)
class Stored(Generic[Value]):
    """A value in the store; ``version`` rises with every change."""

    value: Value
    version: int


@dataclass(frozen=True)
class _Put:
    version: int


class Store:
    """Small values that the core keeps for this citizen in this mini-app; nobody else can read them.

    Keys are 1 to 128 of ``a-z 0-9 . _ / -``; a value has at most ``VALUE_BYTES_MAX`` bytes of JSON.
    """

    def __init__(self, door: Door) -> None:
        """Read and write on behalf of one call."""
        self._door = door

    def get(self, key: str, kind: type[Value]) -> Stored[Value] | None:
        """Return the value as a type, or None if there is none.

        Raises:
            AnswerMismatch: what is stored does not fit the type.
        """
        try:
            found = self._door.ask_for(Stored[object], "store.get", {"key": _key(key)})
        except NotFound:
            return None
        return Stored(_read(kind, found.value, f"store.get {key}"), found.version)

    def put(self, key: str, value: object, *, version: int | None = None) -> int:
        """Keep a value and return its version.

        Args:
            key: under which name.
            value: a dataclass, list, text, number, ``Money``, date.
            version: the one that was read, 0 for a value that must be new; None replaces whatever is there.

        Raises:
            Conflict: the value has another version by now.
            QuotaExceeded: the store is full.
            ValueError: the value is too big.
            RuntimeError: in a query.
        """
        self._door.changes("changes the store")
        text = to_json(value)
        if len(text.encode()) > VALUE_BYTES_MAX:
            msg = f"a value in the store has at most {VALUE_BYTES_MAX} bytes"
            raise ValueError(msg)
        request = {"key": _key(key), "value": value, "version": version}
        return self._door.ask_for(_Put, "store.put", request).version

    def delete(self, key: str) -> None:
        """Forget a value; nothing happens if there is none.

        Raises:
            RuntimeError: in a query.
        """
        self._door.changes("changes the store")
        self._door.ask("store.delete", {"key": _key(key)})

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys that begin with a prefix, sorted; at most 1,000."""
        return self._door.ask_for(list[str], "store.keys", {"prefix": prefix})


def _key(key: str) -> str:
    if not KEY.fullmatch(key):
        msg = "a key is 1 to 128 of a-z 0-9 . _ / - and begins with a letter or digit"
        raise ValueError(msg)
    return key


@dataclass(frozen=True)
class FileInfo:
    """A file that the core keeps; the mini-app has its handle, never its path."""

    handle: str
    name: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True)
class _Content:
    text: str


class Files:
    """Files of this citizen in this mini-app: they stay in the core and travel as handles."""

    def __init__(self, door: Door, new_id: Callable[[str], str]) -> None:
        """Act on behalf of one call."""
        self._door = door
        self._new_id = new_id

    def info(self, handle: str) -> FileInfo:
        """Return what is known of a file.

        Raises:
            NotFound: there is none of that handle for this citizen.
        """
        return self._door.ask_for(FileInfo, "files.info", {"handle": handle})

    def read_text(self, handle: str) -> str:
        """Return a text file's content.

        Raises:
            NotFound: there is none of that handle for this citizen.
        """
        return self._door.ask_for(_Content, "files.read_text", {"handle": handle}).text

    def write_text(self, name: str, text: str, *, media_type: str = "text/plain") -> FileInfo:
        """Keep a text as a file; a repeated action writes it once.

        Raises:
            ValueError: longer than ``FILE_CHARS_MAX``.
            RuntimeError: in a query.
        """
        self._door.changes("writes a file")
        if len(text) > FILE_CHARS_MAX:
            msg = f"a file written by a mini-app has at most {FILE_CHARS_MAX} characters"
            raise ValueError(msg)
        request = {"id": self._new_id("file"), "name": name, "text": text, "mediaType": media_type}
        return self._door.ask_for(FileInfo, "files.write_text", request)
