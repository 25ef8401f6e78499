"""Messages, store, files and payments without a bill, in memory: what a platform offers behind ``ask``."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shimin_sdk.errors import HostError
from shimin_sdk.wire import to_wire

KEYS_MAX = 1_000
"""As many values the store keeps for one citizen."""


@dataclass(frozen=True)
class InboxMessage:
    """A message that reached the citizen."""

    id: str
    template: str
    params: Mapping[str, Any]


@dataclass
class MemoryServices:
    """One citizen's services."""

    pay: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    """Takes ``payments.create``."""
    inbox: list[InboxMessage] = field(default_factory=list[InboxMessage])
    store: dict[str, tuple[Any, int]] = field(default_factory=dict[str, tuple[Any, int]])
    """Value and version by key."""
    files: dict[str, tuple[Mapping[str, Any], str]] = field(default_factory=dict[str, tuple[Mapping[str, Any], str]])
    """What is known of a file, and its text, by handle."""

    def ask(self, service: str, request: str) -> str:
        """Answer as a platform with all services would.

        Raises:
            HostError: ``SERVICE_NOT_AVAILABLE`` for any other, or the service's own refusal.
        """
        answering: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
            "payments.create": self.pay,
            "messages.send": self._send,
            "store.get": self._get,
            "store.put": self._put,
            "store.delete": self._delete,
            "store.keys": self._keys,
            "files.info": lambda asked: self._file(asked["handle"])[0],
            "files.read_text": lambda asked: {"text": self._file(asked["handle"])[1]},
            "files.write_text": self._write,
        }
        if service not in answering:
            raise HostError("SERVICE_NOT_AVAILABLE", f"there is no {service}")
        return json.dumps(to_wire(answering[service](json.loads(request))), ensure_ascii=False)

    def _send(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        message = InboxMessage(asked["id"], asked["template"], asked["params"])
        known = next((item for item in self.inbox if item.id == message.id), None)
        if known is not None and known != message:
            raise HostError("IDEMPOTENCY_CONFLICT", "the same message id came with other words")
        if known is None:
            self.inbox.append(message)
        return {"id": message.id}

    def _get(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if asked["key"] not in self.store:
            raise HostError("NOT_FOUND", "nothing is stored under that key")
        value, version = self.store[asked["key"]]
        return {"value": value, "version": version}

    def _put(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        _, version = self.store.get(asked["key"], (None, 0))
        if asked["version"] is not None and asked["version"] != version:
            raise HostError("STORE_CONFLICT", "the value was changed meanwhile")
        if version == 0 and len(self.store) >= KEYS_MAX:
            raise HostError("STORE_FULL", f"a citizen's store holds {KEYS_MAX} values")
        self.store[asked["key"]] = (asked["value"], version + 1)
        return {"version": version + 1}

    def _delete(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self.store.pop(asked["key"], None)
        return {}

    def _keys(self, asked: Mapping[str, Any]) -> list[str]:
        return sorted(key for key in self.store if key.startswith(asked["prefix"]))

    def _file(self, handle: str) -> tuple[Mapping[str, Any], str]:
        if handle not in self.files:
            raise HostError("NOT_FOUND", "there is no such file")
        return self.files[handle]

    def _write(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.keep_file(asked["id"], asked["name"], asked["text"], asked["mediaType"])

    def keep_file(self, handle: str, name: str, text: str, media_type: str) -> Mapping[str, Any]:
        """Keep a text file and return what is known of it."""
        size_bytes = len(text.encode())
        info = {"handle": handle, "name": name, "mediaType": media_type, "sizeBytes": size_bytes}
        self.files[handle] = (info, text)
        return info
