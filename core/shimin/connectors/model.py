"""A connector: a name by which a mini-app asks one origin, and the rules of origins and secrets; pure."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from shimin.connectors.errors import ConnectorInvalid, ConnectorSecretInvalid
from shimin.kit.digest import sha256_id
from shimin.kit.ids import DepartmentId

CONNECTORS_MAX = 10
"""Connectors of one release."""
SECRET_CHARS_MIN = 16
SECRET_CHARS_MAX = 2_000
PORT_MAX = 65_535
TEMPLATE_CHARS_MAX = 200
_ORIGIN = re.compile(r"https://(?P<host>[a-z0-9.-]{1,253})(?::(?P<port>[1-9][0-9]{0,4}))?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LAST_LABEL = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""RFC 1123 section 2.1; the last begins with a letter, so that no number is taken for a name."""
_INSIDE = frozenset({"localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "onion"})
_HEADER = re.compile(r"authorization|api-?key|x-(?!forwarded|real-ip|original|rewrite|http-method)[a-z0-9-]{1,60}")
_SECRET = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")
_PLAIN_SEGMENT = re.compile(r"[a-z]+(?:[_-][a-z]+)*|v[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class DeclaredConnector:
    """What a manifest says: a name, and the one origin behind it."""

    name: str
    origin: str
    """``https://host`` or ``https://host:port`` in lower case; names beyond ASCII in their ``xn--`` form."""

    def check(self) -> None:
        """Go on only for the origin of a public https service, written in its one canonical way.

        Raises:
            ConnectorInvalid: anything else: another scheme, user information, a path, an address in numbers, a name
                that only exists inside a network.

        Source: RFC 6454 section 6.2 (origins as text), RFC 1123 section 2.1 (names of hosts).
        """
        found = _ORIGIN.fullmatch(self.origin)
        if found is None:
            raise ConnectorInvalid(connector=self.name, reason="the origin is written like https://api.example.cn")
        labels = found["host"].split(".")
        well_formed = all(map(_LABEL.fullmatch, labels)) and _LAST_LABEL.fullmatch(labels[-1])
        if not well_formed or len(labels) == 1 or labels[-1] in _INSIDE:
            raise ConnectorInvalid(connector=self.name, reason="the origin is a public host's full name")
        port = found["port"]
        if port is not None and (int(port) > PORT_MAX or port == "443"):
            raise ConnectorInvalid(connector=self.name, reason="the port is 1 to 65535, and left out where it is 443")


def connector_id(app_id: str, name: str, origin: str) -> str:
    """Return the id of a mini-app's connector to an origin: another origin is another connector, without a secret."""
    return sha256_id(f"{app_id}\n{name}\n{origin}")


@dataclass(frozen=True, slots=True)
class SetSecret:
    """By which header the department knows the core, and the header's value."""

    connector_id: str
    header: str
    """In lower case: ``authorization``, ``api-key`` or ``x-…``."""
    secret: str = field(repr=False)
    """The whole value, such as ``Bearer …``: 16 to 2,000 visible ASCII characters with single spaces."""

    def check(self) -> None:
        """Go on only for a header and a value that can be sent (RFC 9110 section 5.5).

        Raises:
            ConnectorSecretInvalid: one of them cannot.
        """
        if not _HEADER.fullmatch(self.header):
            raise ConnectorSecretInvalid(reason="the header is authorization, api-key or x-…, in lower case")
        if not SECRET_CHARS_MIN <= len(self.secret) <= SECRET_CHARS_MAX:
            raise ConnectorSecretInvalid(reason=f"{SECRET_CHARS_MIN} to {SECRET_CHARS_MAX} characters")
        if not _SECRET.fullmatch(self.secret):
            raise ConnectorSecretInvalid(reason="visible ASCII characters with single spaces between them")


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector as staff see it: everything but the secret, which nobody reads again."""

    id: str
    app_id: str
    department_id: DepartmentId
    name: str
    origin: str
    declared_at: datetime
    header: str | None
    secret_version: int
    """How often a secret was set; 0: never."""
    set_by: str | None
    set_at: datetime | None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What is kept of one request for review: no bodies, no values, no header."""

    at: datetime
    connector: str
    method: str
    path_template: str
    outcome: str
    """``answered``, or why not: the reason of ``UPSTREAM_UNAVAILABLE`` or another refusal's code."""
    status: int | None
    request_bytes: int
    answer_bytes: int
    duration_ms: int


def path_template(target: str) -> str:
    """Return a path's fixed words, with ``{}`` for every segment that may be a value; without the query.

    Only lower-case words and versions stay: ``/v1/people/440100199001011234`` becomes ``/v1/people/{}``.
    """
    segments = target.partition("?")[0].split("/")[1:]
    shown = "/".join(item if not item or _PLAIN_SEGMENT.fullmatch(item) else "{}" for item in segments)
    return f"/{shown}"[:TEMPLATE_CHARS_MAX]
