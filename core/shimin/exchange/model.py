"""Services that mini-apps offer each other: what a release exports and imports, and how a call travels; pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shimin.exchange.errors import ServiceChainRefused, ServiceDeclarationInvalid
from shimin.kit.digest import sha256_id
from shimin.kit.refusal import InvalidInput
from shimin.kit.text import LOCALES

EXPORTS_MAX = 20
IMPORTS_MAX = 20
DEPTH_MAX = 2
"""A mini-app asks a service, which may ask one more."""
SCHEMA_BYTES_MAX = 16 * 1024
SCHEMA_NODES_MAX = 300
SCHEMA_DEPTH_MAX = 12
BRANCHES_MAX = 4
SCOPE = "service"
"""What a citizen consents to; the document's name says which."""
PREFIX = "service:"
_APP = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*){2,9}")
_OPERATION = re.compile(r"[a-z][a-z0-9_]{0,63}")
_WORDS = frozenset({"title", "description", "type", "enum", "const", "format", "pattern", "required"})
_NUMBERS = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"),
        *("minItems", "maxItems", "maxProperties"),
    }
)
_FORMATS = frozenset({"date", "date-time", "time"})


@dataclass(frozen=True, slots=True)
class ServiceName:
    """An operation of a mini-app, as ``app.id/operation``."""

    app_id: str
    operation: str

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.app_id}/{self.operation}"

    @property
    def document_name(self) -> str:
        """Under which name the citizen's consent to its use is kept."""
        return f"{PREFIX}{self}"

    @property
    def document_id(self) -> str:
        """The id of what the citizen consents to, beside the hashes of documents."""
        return sha256_id(self.document_name)

    def check(self) -> None:
        """Go on only for a name that can be one.

        Raises:
            ServiceDeclarationInvalid: it cannot.
        """
        if len(self.app_id) > 128 or not _APP.fullmatch(self.app_id) or not _OPERATION.fullmatch(self.operation):  # noqa: PLR2004 - as in the manifest's schema
            raise ServiceDeclarationInvalid(service=str(self)[:200], reason="written like linhai.psb.residence/verify")


@dataclass(frozen=True, slots=True)
class Export:
    """An operation that a release offers, and the JSON Schemas (2020-12) of what goes in and comes out."""

    operation: str
    input: Mapping[str, Any] = field(repr=False)
    output: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Import:
    """A service that a release uses, why, and how long its department keeps the answer."""

    service: ServiceName
    purpose: Mapping[str, str]
    """Words per locale."""
    retention: str
    """ISO 8601 duration."""


def check_declarations(app_id: str, exports: Sequence[Export], imports: Sequence[Import]) -> None:
    """Go on only for exports and imports that a release may have.

    Raises:
        ServiceDeclarationInvalid: a name or schema cannot be taken, stands twice, is the mini-app's own, has no words
            for its purpose, or there are too many.
    """
    own = [ServiceName(app_id, item.operation) for item in exports]
    for names, most in ((own, EXPORTS_MAX), ([item.service for item in imports], IMPORTS_MAX)):
        if len(names) > most:
            raise ServiceDeclarationInvalid(service=str(names[-1]), reason=f"at most {most}")
        for name in names:
            name.check()
            if names.count(name) > 1:
                raise ServiceDeclarationInvalid(service=str(name), reason="stands twice")
    for item in imports:
        if item.service.app_id == app_id:
            raise ServiceDeclarationInvalid(service=str(item.service), reason="is the mini-app's own")
        if not all(item.purpose.get(locale) for locale in LOCALES):
            raise ServiceDeclarationInvalid(service=str(item.service), reason=f"says why in {', '.join(LOCALES)}")
    for name, export in zip(own, exports, strict=True):
        for schema in (export.input, export.output):
            check_schema(str(name), schema)


def check_schema(service: str, schema: Mapping[str, Any]) -> None:
    """Go on only for a schema whose check takes time in proportion to what is checked.

    A tree of few nodes from a short list of keywords: without references, so that no node is visited twice over.

    Raises:
        ServiceDeclarationInvalid: names what is wrong.
    """
    if len(json.dumps(schema).encode()) > SCHEMA_BYTES_MAX:
        raise ServiceDeclarationInvalid(service=service, reason=f"a schema has at most {SCHEMA_BYTES_MAX} bytes")
    if schema.get("type") != "object":
        raise ServiceDeclarationInvalid(service=service, reason="a schema describes an object")
    nodes = _count(service, schema, SCHEMA_DEPTH_MAX)
    if nodes > SCHEMA_NODES_MAX:
        raise ServiceDeclarationInvalid(service=service, reason=f"a schema has at most {SCHEMA_NODES_MAX} parts")


def _count(service: str, schema: Any, depth_left: int) -> int:
    """Return how many nodes a schema has, once each is in order."""
    if isinstance(schema, bool):
        return 1
    if not isinstance(schema, dict) or depth_left == 0:
        raise ServiceDeclarationInvalid(service=service, reason=f"schemas are objects, {SCHEMA_DEPTH_MAX} deep at most")
    inner: list[Any] = []
    for keyword, value in schema.items():
        if keyword == "properties" and isinstance(value, dict):
            inner += value.values()
        elif keyword in {"items", "additionalProperties"}:
            inner.append(value)
        elif keyword == "anyOf" and isinstance(value, list) and len(value) <= BRANCHES_MAX:
            inner += value
        elif keyword not in _WORDS | _NUMBERS or (keyword == "format" and value not in _FORMATS):
            raise ServiceDeclarationInvalid(service=service, reason=f"a schema may not say {str(keyword)[:40]} so")
    return 1 + sum(_count(service, item, depth_left - 1) for item in inner)


def check_chain(waiting: Sequence[str], service: ServiceName) -> None:
    """Go on only if the mini-apps that wait for the answer may wait for one more.

    Args:
        waiting: the mini-app that the citizen called, and the services called since, in order.

    Raises:
        ServiceChainRefused: the service waits already (cycle), or too many do (depth).
    """
    if service.app_id in waiting:
        raise ServiceChainRefused(service=str(service), reason="cycle")
    if len(waiting) > DEPTH_MAX:
        raise ServiceChainRefused(service=str(service), reason="depth")


def read_request(text: str) -> tuple[ServiceName, Mapping[str, Any]]:
    """Return the service that a guest asks for, and what it gives.

    Args:
        text: ``{"app", "operation", "input"}`` as JSON.

    Raises:
        InvalidInput: it is anything else.
    """
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or asked.keys() != {"app", "operation", "input"}:
        raise InvalidInput(field="request", reason="an object of app, operation, input")
    app_id, operation, given = asked["app"], asked["operation"], asked["input"]
    if not isinstance(app_id, str) or not isinstance(operation, str) or not isinstance(given, dict):
        raise InvalidInput(field="request", reason="app and operation are texts, input is an object")
    return ServiceName(app_id, operation), given
