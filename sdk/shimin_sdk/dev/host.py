"""One invented citizen's core: the testing host, and a note of every door that the code went through."""

import json
from collections.abc import Mapping
from typing import Any

from shimin_sdk.dev.citizens import FILE
from shimin_sdk.package import PackageData
from shimin_sdk.testing import MemoryHost


class Unprepared(LookupError):  # noqa: N818 - says what is wrong
    """The developer's file of citizens has no answer for what the code asked; the message says where to write it."""


class DeskHost(MemoryHost):
    """A citizen's core that lists the host calls of each call in ``doors``."""

    def __init__(self, package: PackageData, texts: Mapping[str, str]) -> None:
        """Begin with nothing agreed to and nothing paid."""
        super().__init__(package, texts)
        self.doors: list[str] = []
        """Host calls since it was emptied last, in order."""

    def execute(self, document: str, variables: str, /) -> str:
        """Run a document as the core would, refusals included."""
        self.doors.append(f"execute {document}")
        try:
            return super().execute(document, variables)
        except AssertionError:
            msg = f"{FILE} has no answer for {document}: write one under this citizen's answers"
            raise Unprepared(msg) from None

    def sheet(self, document: str) -> dict[str, Any]:
        """Return what the consent sheet says of a document, and if the citizen decided: granted, refused or open."""
        state = "granted" if document in self.granted else "refused" if document in self.denied else "open"
        return {**json.loads(self._sheet(document)), "document": document, "state": state}

    def fetch(self, connector: str, request: str, /) -> str:
        """Answer for a department's system what the file of citizens says."""
        self.doors.append(f"fetch {connector}")
        try:
            return super().fetch(connector, request)
        except AssertionError:
            asked: Mapping[str, Any] = self.fetched[-1][1]
            msg = f"{FILE} has no reply of {connector} for {asked['method']} {asked['path']}: write one under replies"
            raise Unprepared(msg) from None

    def ask(self, service: str, request: str, /) -> str:
        """Answer a service such as the store."""
        self.doors.append(f"ask {service}")
        return super().ask(service, request)
