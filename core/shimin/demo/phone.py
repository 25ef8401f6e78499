"""A phone in somebody's hand: runs the mobile client's trusted documents over HTTP and follows live events."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from types import TracebackType
from typing import Any, Self

import httpx

from shimin.kit.digest import sha256_id
from shimin.kit.refusal import Refusal

AWAY_S = 90.0
"""How long a phone waits for a server that is being restarted."""


class StoryBroken(Refusal):
    """A step of the demonstration did not go as promised."""

    code = "STORY_BROKEN"
    step: str
    expected: str
    found: str


def document_text(name: str) -> str:
    """Return one of the mobile client's trusted documents as this distribution carries it."""
    return (resources.files("shimin_graphql") / "operations" / f"{name}.graphql").read_text("utf-8")


@dataclass(slots=True)
class Phone:
    """Sends what may be repeated: reads, and mutations whose ids the client makes."""

    base_url: str
    http: httpx.Client
    locale: str = "zh-Hans"
    access_token: str | None = None
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    away_s: float = AWAY_S
    on_wait: Callable[[str], None] | None = None
    """Told when the server is away and the phone waits."""

    def data(self, name: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run a document and return its data.

        Raises:
            StoryBroken: the response has errors.
        """
        answer = self.run(name, variables)
        if answer.get("errors"):
            raise StoryBroken(step=name, expected="no errors", found=json.dumps(answer, ensure_ascii=False)[:800])
        data: dict[str, Any] = answer["data"]
        return data

    def run(self, name: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run a document and return the whole response."""
        response = self.send("POST", "/graphql", json=request_body(name, variables))
        answer: dict[str, Any] = response.json()
        return answer

    def send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Send a request, again and again while nobody listens, up to ``away_s``.

        Raises:
            StoryBroken: nobody answered for that long.
        """
        give_up = time.monotonic() + self.away_s
        told = False
        while True:
            try:
                response = self.http.request(method, self.base_url + path, headers=self.headers(), **arguments)
                problem = f"status {response.status_code}"
                if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return response
            except httpx.TransportError as error:
                problem = repr(error)
            if time.monotonic() > give_up:
                raise StoryBroken(step=path, expected=f"an answer from {self.base_url}", found=problem)
            if self.on_wait and not told:
                self.on_wait("the server is away; waiting for it to come back …")
                told = True
            time.sleep(0.3)

    def headers(self, accept: str = "application/graphql-response+json, application/json") -> dict[str, str]:
        """Return the headers of a request."""
        own = {"accept": accept, "accept-language": self.locale}
        if self.access_token:
            own["authorization"] = f"Bearer {self.access_token}"
        return own


def request_body(name: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the body that runs a trusted document by its id."""
    return {"documentId": sha256_id(document_text(name)), "variables": dict(variables or {})}


class Stream:
    """A subscription followed in the background while the block lasts."""

    def __init__(self, phone: Phone, document: str) -> None:
        """Follow a subscription of the mobile client."""
        self._phone = phone
        self._document = document
        self._arrived: deque[dict[str, Any]] = deque()
        self._open = threading.Event()
        self._leaving = False
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self.broken = False
        """Whether the connection ended though the block had not."""

    def __enter__(self) -> Self:
        """Subscribe; returns when the server has accepted.

        Raises:
            StoryBroken: it did not within 10 s.
        """
        self._thread.start()
        if not self._open.wait(10):
            raise StoryBroken(step="subscribe", expected="an open event stream", found="none within 10 s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop following."""
        self._leaving = True

    def messages(self, root_field: str) -> Iterator[dict[str, Any]]:
        """Yield what has arrived and was not yielded before."""
        while self._arrived:
            event = self._arrived.popleft()
            data = event.get("data") or {}
            if root_field in data:
                yield data[root_field]

    def _follow(self) -> None:
        try:
            with self._phone.http.stream(
                "POST",
                f"{self._phone.base_url}/graphql/stream",
                json=request_body(self._document),
                headers=self._phone.headers("text/event-stream"),
                timeout=httpx.Timeout(10, read=60),
            ) as response:
                for line in response.iter_lines():
                    self._open.set()
                    if line.startswith("data: {"):
                        self._arrived.append(json.loads(line[6:]))
                    if self._leaving:
                        return
        except httpx.HTTPError:
            pass
        self.broken = not self._leaving
