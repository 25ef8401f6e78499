"""The main job as a citizen lives it, played over HTTP against a running server; each step says what it proved."""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, NoReturn

import httpx

from shimin.kit.digest import sha256_id
from shimin.kit.ids import new_id
from shimin.kit.refusal import Refusal

APP_ID = "linhai.hrss.social-security"
AWAY_S = 90.0
"""How long the story waits for a server that is being restarted."""
SETTLE_S = 60.0
"""How long the story waits for a payment's outcome."""


class StoryBroken(Refusal):
    """A step of the demonstration did not go as promised."""

    code = "STORY_BROKEN"
    step: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it went: what it was, the document it ran, the answer's essence and the time it took."""

    title: str
    document: str
    outcome: str
    took_ms: float


Report = Callable[[Step], None]


@dataclass(slots=True)
class Phone:
    """A phone in somebody's hand: runs the mobile client's trusted documents by their ids."""

    base_url: str
    http: httpx.Client
    locale: str = "zh-Hans"
    access_token: str | None = None
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    waited_for_server: Callable[[str], None] = lambda _: None

    def run(self, name: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run a document of the mobile client and return the response; waits while the server is away."""
        body = {"documentId": sha256_id(document_text(name)), "variables": dict(variables or {})}
        response = self.send("POST", "/graphql", json=body)
        answer: dict[str, Any] = response.json()
        return answer

    def send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Send a request, again and again while nobody listens (a restart), up to ``AWAY_S``.

        Everything the story sends may be repeated: reads, and mutations with ids of the client's making.
        """
        give_up = time.monotonic() + AWAY_S
        said = False
        while True:
            try:
                response = self.http.request(method, self.base_url + path, headers=self.headers(), **arguments)
                if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return response
            except httpx.TransportError as error:
                if time.monotonic() > give_up:
                    raise StoryBroken(step=path, expected="a server that answers", found=repr(error)) from None
            if time.monotonic() > give_up:
                raise StoryBroken(step=path, expected="a server that serves", found="503 for too long")
            if not said:
                self.waited_for_server("the server is away; waiting for it to come back")
                said = True
            time.sleep(0.3)

    def headers(self) -> dict[str, str]:
        """Return the headers of every request."""
        own = {"accept": "application/graphql-response+json, application/json", "accept-language": self.locale}
        if self.access_token:
            own["authorization"] = f"Bearer {self.access_token}"
        return own


def document_text(name: str) -> str:
    """Return one of the mobile client's trusted documents as this distribution carries it."""
    return (resources.files("shimin_graphql") / "operations" / f"{name}.graphql").read_text("utf-8")


def expect(step: str, *, that: bool, expected: str, found: object) -> None:
    """Go on only if the step went as promised.

    Raises:
        StoryBroken: it did not.
    """
    if not that:
        _broken(step, expected, found)


def _broken(step: str, expected: str, found: object) -> NoReturn:
    raise StoryBroken(step=step, expected=expected, found=json.dumps(found, ensure_ascii=False, default=str)[:600])
