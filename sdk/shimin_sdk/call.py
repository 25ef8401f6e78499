"""One call of one citizen: everything a handler may use, and nothing else."""

import datetime as dt
import hashlib
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from shimin_sdk.clock import Clock
from shimin_sdk.connector import READS, Method, Reply, request_of
from shimin_sdk.document import Asked, Operation, variables_of
from shimin_sdk.doors import Door, Files, Messages, Store
from shimin_sdk.errors import (
    AnswerMismatch,
    HostError,
    ScopeNotDeclared,
    ValidationError,
)
from shimin_sdk.host import Host
from shimin_sdk.money import Money
from shimin_sdk.package import PackageData, fill
from shimin_sdk.pages import PageInfo, walk
from shimin_sdk.schema import read_as
from shimin_sdk.wire import NotJson, camel, json_list, json_object, read_json, to_json
from shimin_sdk.words import own_words

Data = TypeVar("Data")

REQUEST_PAYMENT = "operations/request_payment.graphql"
LOG_CHARS_MAX = 2_000
PAGES_MAX = 20
"""How many pages of a list one call walks through, unless told otherwise: host calls are counted."""


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

    def __init__(self, call: "Call", door: Door) -> None:
        """Ask on behalf of one call."""
        self._call = call
        self._door = door

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
        self._door.changes("asks for a payment")
        order = {"id": self._call.new_id("pay"), "source": source, "billReference": bill_reference}
        found = json_object(self._call.execute(document, input=order).get("requestPayment")) or {}
        if "id" in found:
            try:
                return read_as(Payment, found, path="requestPayment", strict=False)
            except ValidationError as error:
                raise AnswerMismatch(document, *map(str, error.problems)) from None
        if "code" in found:
            raise HostError(str(found["code"]), str(found.get("message", ""))).typed()
        msg = "select id, state and amount of the Payment, and code and message of Refused"
        raise AnswerMismatch(document, msg)

    def create(self, *, amount: Money, subject: str) -> Payment:
        """Ask the core for a payment without a bill, such as a top-up, that the citizen confirms at the cashier.

        Args:
            amount: more than nothing.
            subject: one of ``shimin.payments`` of the manifest; approved with the release.

        Raises:
            ScopeNotDeclared: the manifest does not name the subject.
            NotAvailable: this platform takes payments of bills alone.
            RuntimeError: in a query: only actions ask for payments.
            ValueError: the amount is not more than nothing.
        """
        self._door.changes("asks for a payment")
        if amount.amount_minor <= 0:
            msg = "an amount to pay is more than nothing"
            raise ValueError(msg)
        if subject not in self._call.declared("payments"):
            raise ScopeNotDeclared("PAYMENT_NOT_DECLARED", f"{subject} is not in shimin.payments of manifest.json")
        order = {"id": self._call.new_id("pay"), "amount": amount, "subject": subject}
        return self._door.ask_for(Payment, "payments.create", order)


class Call:
    """What a handler is given.

    Attributes:
        citizen: for whom.
        locale: the citizen's BCP 47 locale, such as ``zh-Hans``.
        idempotency_key: names this one wish of the citizen, or the fact; None in queries.
        payments: asking for payments.
        messages: sending to the citizen's inbox.
        files: files of this citizen that the core keeps.
        store: small values of this citizen that the core keeps.
        clock: what time it is.
        log: lines for the developers.
    """

    def __init__(
        self,
        host: Host,
        package: PackageData,
        *,
        citizen: Citizen,
        locale: str,
        idempotency_key: str | None,
        now: dt.datetime | None = None,
        seed: int | None = None,
    ) -> None:
        """Bind one call to its host; made by ``App.dispatch``."""
        self._host = host
        self._package = package
        self._made: dict[str, int] = {}
        self.citizen = citizen
        self.locale = locale
        self.idempotency_key = idempotency_key
        self._door = door = Door(host, changes=self._need_key)
        self.payments = Payments(self, door)
        self.messages = Messages(door, self.declared("messages"), self.new_id)
        self.files = Files(door, self.new_id)
        self.store = Store(door)
        self.clock = Clock(now)
        self._seed = seed
        self._random: random.Random | None = None
        self.log = Log(host)

    def declared(self, member: str) -> list[Any]:
        """Return a list of the manifest's ``shimin`` member, such as ``payments``; empty if there is none."""
        ours = json_object(self._package.manifest.get("shimin")) or {}
        return json_list(ours.get(member)) or []

    def new_id(self, kind: str) -> str:
        """Return an id for the next thing of a kind that this call makes: the same one when the call is repeated."""
        self._made[kind] = self._made.get(kind, 0) + 1
        parts = (self.release.app_id, self.citizen.subject, self.idempotency_key or "", str(self._made[kind]))
        return f"{kind}_{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}"

    def _need_key(self, what: str) -> None:
        """Refuse a change in a query."""
        if self.idempotency_key is None:
            msg = f"only an action {what}: register the handler with @app.action"
            raise RuntimeError(msg)

    @property
    def random(self) -> random.Random:
        """Chance that no other call can foresee.

        Not the module's own generator, whose state is part of the snapshot that every instance starts from; made where
        it is asked for, since it takes 2,496 bytes from the platform.
        """
        if self._random is None:
            self._random = random.SystemRandom() if self._seed is None else random.Random(self._seed)  # noqa: S311
        return self._random

    @property
    def release(self) -> Release:
        """The running release."""
        version = self._package.manifest.get("version", {})
        return Release(self._package.app_id, int(version.get("code", 0)), str(version.get("name", "")))

    @overload
    def execute(self, document: Asked[Data], /) -> Data: ...
    @overload
    def execute(self, document: Operation[Data], /, **variables: object) -> Data: ...
    @overload
    def execute(self, document: str, /, **variables: object) -> dict[str, Any]: ...
    def execute(self, document: Asked[Data] | Operation[Data] | str, /, **variables: object) -> Data | dict[str, Any]:
        """Run one of the package's GraphQL documents with the citizen's authority.

        Args:
            document: what ``shimin-sdk generate`` made of it, an ``Operation`` (the answer is its dataclass), or a
                path (the answer is the plain data).
            variables: the document's variables; ``bill_reference=`` is sent as ``billReference``.

        Raises:
            ConsentRequired: let it through; the phone asks and repeats the call.
            HostError: the core refused, as the subclass that fits its code.
            AnswerMismatch: the dataclass does not fit the document.
        """
        if isinstance(document, Asked):
            operation: Operation[Data] = document.OPERATION
            return self._read(operation, self._data(operation.path, variables_of(document)))
        if isinstance(document, str):
            return json_object(self._data(document, variables)) or {}
        return self._read(document, self._data(document.path, variables))

    def pages(
        self,
        ask: Callable[[str | None], Asked[Data]],
        *,
        page_info: Callable[[Data], PageInfo],
        pages_max: int = PAGES_MAX,
    ) -> Iterator[Data]:
        """Walk through a long list of the core: yield the data of one page after the other.

        Args:
            ask: makes the document for the page after a cursor, None for the first.
            page_info: picks the connection's ``hasNextPage`` and ``endCursor`` out of the data.
            pages_max: stop after so many; each page is one host call.

        Raises:
            HostError: as ``execute``.
        """

        def execute(asked: Asked[Data]) -> Data:
            return self.execute(asked)

        return walk(execute, ask, page_info, pages_max)

    def fetch(
        self,
        connector: str,
        path: str,
        *,
        method: Method = "GET",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Reply:
        """Ask the department's own system through a connector; the core connects and adds the secret.

        Args:
            connector: one of ``shimin.connectors`` of the manifest.
            path: on the connector's origin, such as ``/v1/accounts``.
            method: other than ``GET`` and ``HEAD`` in actions only.
            query: what stands after the ``?``, not yet escaped.
            headers: more headers; the core lets few through.
            body: a text as it is, or anything else as JSON.

        Raises:
            ScopeNotDeclared: the manifest does not name the connector, or the platform does not know it.
            UpstreamUnavailable: the department's system did not answer in time or in form.
            RuntimeError: a method that changes something, in a query.
        """
        if method not in READS:
            self._need_key(f"sends {method}")
        if connector not in [(json_object(item) or {}).get("name") for item in self.declared("connectors")]:
            message = f"{connector} is not in shimin.connectors of manifest.json"
            raise ScopeNotDeclared("CONNECTOR_NOT_AVAILABLE", message)
        text = body if body is None or isinstance(body, str) else to_json(body)
        request = to_json(request_of(method, path, query or {}, headers or {}, text))
        try:
            return read_as(Reply, read_json(self._host.fetch(connector, request)), path=connector, strict=False)
        except HostError as error:
            raise error.typed() from None
        except NotJson as error:
            raise AnswerMismatch(connector, str(error)) from None
        except ValidationError as error:
            raise AnswerMismatch(connector, *map(str, error.problems)) from None

    def service(self, app_id: str, operation: str, input: object = None) -> dict[str, Any]:  # noqa: A002 - its word
        """Ask an operation of another mini-app, for the same citizen; the answer fits the schema it published.

        Args:
            app_id: the other mini-app, one of ``shimin.imports`` of the manifest.
            operation: what it exports.
            input: a dataclass or mapping that fits the schema it published.

        Raises:
            ScopeNotDeclared: the manifest does not import it.
            ConsentRequired: let it through; the phone asks and repeats the call.
            UpstreamUnavailable: the other mini-app is not there, or did not answer in time.
            HostError: it, or the core, refused.
        """
        if (app_id, operation) not in [(item.get("app"), item.get("operation")) for item in self.declared("imports")]:
            message = f"{app_id}/{operation} is not in shimin.imports of manifest.json"
            raise ScopeNotDeclared("SERVICE_NOT_DECLARED", message)
        nothing: dict[str, object] = {}
        asked: dict[str, object] = {
            "app": app_id,
            "operation": operation,
            "input": nothing if input is None else input,
        }
        return json_object(self._door.ask("service.call", asked)) or {}

    def _data(self, path: str, variables: Mapping[str, object]) -> Any:
        """Run a declared document and return its data as JSON holds it."""
        if path not in self._package.documents:
            known = ", ".join(self._package.documents) or "none"
            message = f"{path} is not in shimin.operations of manifest.json (declared: {known})"
            raise ScopeNotDeclared("DOCUMENT_NOT_DECLARED", message)
        wire = to_json({camel(name): value for name, value in variables.items()})
        try:
            return read_json(self._host.execute(path, wire))
        except HostError as error:
            raise error.typed() from None
        except NotJson as error:
            raise AnswerMismatch(path, str(error)) from None

    def _read(self, operation: Operation[Data], data: object) -> Data:
        """Return data as the operation's dataclass."""
        try:
            return read_as(operation.returns, data, path="data", strict=False)
        except ValidationError as error:
            problems = [str(problem) for problem in error.problems]
            shown = "; ".join(problems)
            self._host.log(
                "error", f"{operation.path} does not fit {operation.returns.__name__}: {shown}"[:LOG_CHARS_MAX]
            )
            raise AnswerMismatch(operation.path, *problems) from None

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
