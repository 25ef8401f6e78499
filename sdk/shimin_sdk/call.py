"""One call of one citizen: everything a handler may use, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from shimin_sdk.document import Operation
from shimin_sdk.errors import (
    AnswerMismatch,
    HostError,
    ScopeNotDeclared,
    ValidationError,
)
from shimin_sdk.host import Host
from shimin_sdk.money import Money
from shimin_sdk.package import PackageData, fill
from shimin_sdk.schema import read_as
from shimin_sdk.wire import NotJson, camel, read_json, to_json
from shimin_sdk.words import own_words

Data = TypeVar("Data")

REQUEST_PAYMENT = "operations/request_payment.graphql"
LOG_CHARS_MAX = 2_000


@dataclass(frozen=True)
class Citizen:
    """Who the call is for: ``subject`` is stable inside this mini-app and says nothing outside it."""

    subject: str


@dataclass(frozen=True)
class Release:
    """Which release of the mini-app is running."""

    app_id: str
    version_code: int
    version_name: str


@dataclass(frozen=True)
class Payment:
    """A payment that was asked for; the citizen confirms it in the core's cashier, never in the mini-app."""

    id: str
    state: str
    amount: Money


class Log:
    """Lines for the department's developers; never write personal data into them."""

    def __init__(self, host: Host) -> None:
        """Write through the host."""
        self._host = host

    def debug(self, message: str, **fields: str | int | bool) -> None:
        """Write a line that helps while developing."""
        self._write("debug", message, fields)

    def info(self, message: str, **fields: str | int | bool) -> None:
        """Write a line about normal work."""
        self._write("info", message, fields)

    def warning(self, message: str, **fields: str | int | bool) -> None:
        """Write a line about something odd."""
        self._write("warning", message, fields)

    def error(self, message: str, **fields: str | int | bool) -> None:
        """Write a line about something broken."""
        self._write("error", message, fields)

    def _write(self, level: str, message: str, fields: Mapping[str, object]) -> None:
        shown = "".join(f" {name}={value!r}" for name, value in fields.items())
        self._host.log(level, f"{message}{shown}"[:LOG_CHARS_MAX])


class Payments:
    """Asking for payments."""

    def __init__(self, call: "Call") -> None:
        """Ask on behalf of one call."""
        self._call = call
        self._asked = 0

    def request(self, *, source: str, bill_reference: str, document: str = REQUEST_PAYMENT) -> Payment:
        """Ask the core for a payment of a bill that the department's system of record holds.

        The amount and the payee come from the bill, never from the mini-app. The id is made from the action's
        idempotency key, so that a repeated action asks for the same payment and nothing is paid twice.

        Args:
            source: the registered system of record, such as ``hrss``.
            bill_reference: the bill's reference there.
            document: the package's ``RequestPayment`` document.

        Raises:
            HostError: the core refused (``BILL_ALREADY_PAID`` and so on), with its own code and words.
            RuntimeError: in a query: only actions ask for payments.
        """
        if self._call.idempotency_key is None:
            msg = "only an action asks for a payment: register the handler with @app.action"
            raise RuntimeError(msg)
        self._asked += 1
        order = {"id": self._id(), "source": source, "billReference": bill_reference}
        answer = self._call.execute(document, input=order).get("requestPayment")
        found = answer if isinstance(answer, dict) else {}
        if "id" in found:
            try:
                return read_as(Payment, found, path="requestPayment", strict=False)
            except ValidationError as error:
                raise AnswerMismatch(document, *map(str, error.problems)) from None
        if "code" in found:
            raise HostError(str(found["code"]), str(found.get("message", ""))).typed()
        msg = "select id, state and amount of the Payment, and code and message of Refused"
        raise AnswerMismatch(document, msg)

    def _id(self) -> str:
        call = self._call
        parts = (call.release.app_id, call.citizen.subject, call.idempotency_key or "", str(self._asked))
        return f"pay_{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}"


class Call:
    """What a handler is given.

    Attributes:
        citizen: for whom.
        locale: the citizen's BCP 47 locale, such as ``zh-Hans``.
        idempotency_key: names this one wish of the citizen; None in queries.
        payments: asking for payments.
        log: lines for the developers.
    """

    def __init__(
        self, host: Host, package: PackageData, *, citizen: Citizen, locale: str, idempotency_key: str | None
    ) -> None:
        """Bind one call to its host; made by ``App.dispatch``."""
        self._host = host
        self._package = package
        self.citizen = citizen
        self.locale = locale
        self.idempotency_key = idempotency_key
        self.payments = Payments(self)
        self.log = Log(host)

    @property
    def release(self) -> Release:
        """The running release."""
        version = self._package.manifest.get("version", {})
        return Release(self._package.app_id, int(version.get("code", 0)), str(version.get("name", "")))

    @overload
    def execute(self, document: Operation[Data], /, **variables: object) -> Data: ...
    @overload
    def execute(self, document: str, /, **variables: object) -> dict[str, Any]: ...
    def execute(self, document: Operation[Data] | str, /, **variables: object) -> Data | dict[str, Any]:
        """Run one of the package's GraphQL documents with the citizen's authority.

        Args:
            document: an ``Operation`` (the answer is its dataclass) or a path (the answer is the plain data).
            variables: the document's variables; ``bill_reference=`` is sent as ``billReference``.

        Raises:
            ConsentRequired: let it through; the phone asks and repeats the call.
            HostError: the core refused, as the subclass that fits its code.
            AnswerMismatch: the dataclass does not fit the document.
        """
        path = document if isinstance(document, str) else document.path
        if path not in self._package.documents:
            known = ", ".join(self._package.documents) or "none"
            message = f"{path} is not in shimin.operations of manifest.json (declared: {known})"
            raise ScopeNotDeclared("DOCUMENT_NOT_DECLARED", message)
        wire = to_json({camel(name): value for name, value in variables.items()})
        try:
            data = read_json(self._host.execute(path, wire))
        except HostError as error:
            raise error.typed() from None
        except NotJson as error:
            raise AnswerMismatch(path, str(error)) from None
        if isinstance(document, str):
            return data if isinstance(data, dict) else {}
        try:
            return read_as(document.returns, data, path="data", strict=False)
        except ValidationError as error:
            problems = [str(problem) for problem in error.problems]
            shown = "; ".join(problems)
            self._host.log("error", f"{path} does not fit {document.returns.__name__}: {shown}"[:LOG_CHARS_MAX])
            raise AnswerMismatch(path, *problems) from None

    def text(self, code: str, **params: object) -> str:
        """Return words of ``i18n/`` in the citizen's language with ``{name}`` filled in; the code if there are none."""
        words = self._package.words(self.locale, code) or own_words(code, self.locale)
        return fill(words, params) if words else code

    def form(self, name: str) -> Mapping[str, Any]:
        """Return ``forms/<name>.json``.

        Raises:
            KeyError: the package has no such form.
        """
        return self._package.forms[name]
