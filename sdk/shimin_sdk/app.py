"""A mini-app's server side: plain typed functions, called by name with JSON."""

import datetime as dt
import importlib
import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

from shimin_sdk.call import Call, Citizen
from shimin_sdk.errors import HostError, MiniAppError, Problem, UserError, ValidationError
from shimin_sdk.facts import FACTS, PaymentFailed, PaymentRefunded, PaymentSettled
from shimin_sdk.host import Host
from shimin_sdk.package import PackageData, embedded
from shimin_sdk.schema import read_as, schema_of
from shimin_sdk.wire import INPUT_BYTES_MAX, NotJson, json_object, read_json, to_json, to_wire

Form = TypeVar("Form")
Answer = TypeVar("Answer")
Fact = TypeVar("Fact")
Kind = Literal["query", "action", "fact"]
Listening = Callable[[Callable[[Call, Fact], None]], Callable[[Call, Fact], None]]
"""What ``@app.on(…)`` is: it takes a function of a call and a fact, and gives it back."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_KEY = re.compile(r"[!-~]{1,128}")
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_REQUEST_ID_CHARS_MAX = 64
_PRELOADED = ("encodings.ascii", "encodings.utf_8", "encodings.latin_1", "json.decoder", "json.encoder", "traceback")
"""Modules that Python loads late; without files they must be there before the sandbox closes."""


@dataclass(frozen=True)
class Handler:
    """One operation of the mini-app."""

    name: str
    kind: Kind
    function: Callable[..., Any]
    form: Any
    """The annotation of its input, or None if it takes none."""
    answer: Any


@dataclass(frozen=True)
class Rehearsal:
    """A call with canned answers that the build runs once, so that the first citizen does not wait for it."""

    operation: str
    input: Mapping[str, Any]
    answers: Mapping[str, Mapping[str, Any]]


class _Stage:
    """The host of a rehearsal: canned answers, nothing else."""

    def __init__(self, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self._answers = answers

    def execute(self, document: str, _variables: str, /) -> str:
        if document not in self._answers:
            raise HostError("NOT_FOUND", f"the rehearsal has no answer for {document}")
        return to_json(self._answers[document])

    def fetch(self, connector: str, _request: str, /) -> str:
        raise HostError("CONNECTOR_NOT_AVAILABLE", connector)

    def ask(self, service: str, _request: str, /) -> str:
        raise HostError("SERVICE_NOT_AVAILABLE", service)

    def log(self, _level: str, _message: str, /) -> None:
        return None


class App:
    """The operations of one mini-app.

    ::

        app = App()

        @app.query
        def overview(call: Call) -> Overview: ...

        @app.action
        def pay_bill(call: Call, form: PayBill) -> PaymentAsked: ...
    """

    def __init__(self, package: PackageData | None = None) -> None:
        """Start without operations.

        Args:
            package: texts, forms and manifest; left out, they come from what the build put beside the code.
        """
        self._package = package
        self._handlers: dict[str, Handler] = {}
        self._listeners: dict[str, Handler] = {}
        self._rehearsals: list[Rehearsal] = []

    @overload
    def query(self, handler: Callable[[Call], Answer]) -> Callable[[Call], Answer]: ...
    @overload
    def query(self, handler: Callable[[Call, Form], Answer]) -> Callable[[Call, Form], Answer]: ...
    def query(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """Register a function that only reads; its name is the operation's name."""
        return self._register("query", handler)

    @overload
    def action(self, handler: Callable[[Call], Answer]) -> Callable[[Call], Answer]: ...
    @overload
    def action(self, handler: Callable[[Call, Form], Answer]) -> Callable[[Call, Form], Answer]: ...
    def action(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """Register a function that changes something; a call of it must bring an idempotency key."""
        return self._register("action", handler)

    @overload
    def on(self, fact: Literal["payment.settled"]) -> Listening[PaymentSettled]: ...
    @overload
    def on(self, fact: Literal["payment.failed"]) -> Listening[PaymentFailed]: ...
    @overload
    def on(self, fact: Literal["payment.refunded"]) -> Listening[PaymentRefunded]: ...
    def on(self, fact: str) -> Listening[Any]:
        """Register a function that is told when something has happened: ``(call, fact) -> None``.

        It may be told of one fact several times; what it makes (messages, store) is made once, since its idempotency
        key is the fact's own.

        Raises:
            ValueError: there is no such fact, or somebody listens to it already.
        """
        if fact not in FACTS or fact in self._listeners:
            msg = f"{fact}: listen once to one of {', '.join(FACTS)}"
            raise ValueError(msg)

        def register(function: Callable[[Call, Any], None]) -> Callable[[Call, Any], None]:
            if len(inspect.signature(function).parameters) != 2:  # noqa: PLR2004 - a call and a fact
                msg = f"{function.__name__}: write it as (call: Call, fact: {FACTS[fact].__name__}) -> None"
                raise TypeError(msg)
            self._listeners[fact] = Handler(fact, "fact", function, FACTS[fact], None)
            return function

        return register

    def rehearse(
        self,
        operation: str,
        *,
        input: Mapping[str, Any] | None = None,  # noqa: A002 - the envelope's word
        answers: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Give the build a typical call to run once before the code is frozen: it saves each citizen milliseconds.

        Args:
            operation: a registered handler.
            input: its input, as JSON would hold it.
            answers: the data of each document by path. Invented data only: it becomes part of the package.
        """
        self._rehearsals.append(Rehearsal(operation, input or {}, answers or {}))

    def use_package(self, package: PackageData) -> None:
        """Take texts, forms and manifest from here (tests)."""
        self._package = package

    @property
    def package(self) -> PackageData:
        """The package around this code.

        Raises:
            RuntimeError: there is none; says what to do.
        """
        if self._package is None:
            self._package = embedded()
        return self._package

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The operations by name."""
        return self._handlers

    @property
    def listens_to(self) -> tuple[str, ...]:
        """The facts that some function is told of, sorted."""
        return tuple(sorted(self._listeners))

    @property
    def rehearsals(self) -> Sequence[Rehearsal]:
        """What the build runs before the code is frozen."""
        return tuple(self._rehearsals)

    def describe(self) -> Mapping[str, Any]:
        """Return each operation's kind and the JSON Schemas of its input and answer."""
        nothing: Mapping[str, Any] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
        return {
            name: {
                "kind": handler.kind,
                "input": nothing if handler.form is None else schema_of(handler.form),
                "answer": {} if handler.answer in {None, type(None)} else schema_of(handler.answer),
            }
            for name, handler in self._handlers.items()
        }

    def dispatch(self, operation: str, input_json: str, host: Host) -> str:
        """Run one operation and return its answer as JSON.

        Args:
            operation: a handler's name, or a fact's.
            input_json: the envelope ``{"input": {…}, "locale": "zh-Hans", "idempotencyKey": null, "citizen":
                {"subject": "…"}}``, at most ``INPUT_BYTES_MAX``. The core alone adds ``"fact": {"id": "…"}``, without
                which no fact is believed, and ``"requestId"``; a test may add ``"now"`` and ``"seed"``.
            host: the doors to the core.

        Returns:
            What the handler returned: dataclasses as objects with camelCase keys.

        Raises:
            MiniAppError: with a code, words in the citizen's language, and detail.
        """
        call: Call | None = None
        envelope: Mapping[str, Any] = {}
        try:
            envelope = _read_envelope(input_json)
            call = self._call(envelope, host)
            return to_json(self._run(operation, envelope, call))
        except MiniAppError as error:
            error.request_id = str(envelope.get("requestId") or "")[:_REQUEST_ID_CHARS_MAX]
            if call is not None and (not error.message or isinstance(error, ValidationError)):
                error.message = call.text(error.code, **error.details)
            raise

    def warm_up(self, host: Host | None = None) -> None:
        """Load and run everything a first call would, so that the built snapshot holds it ready.

        Args:
            host: not needed; rehearsals bring their own answers.

        Raises:
            MiniAppError, AnswerMismatch: a rehearsal failed.
        """
        del host
        for module in _PRELOADED:
            importlib.import_module(module)
        _ = self.package, self.describe()
        for rehearsal in self._rehearsals:
            envelope = {
                "input": to_wire(rehearsal.input),
                "locale": "zh-Hans",
                "idempotencyKey": "rehearsal",
                "citizen": {"subject": "sub_rehearsal"},
            }
            self.dispatch(rehearsal.operation, to_json(envelope), _Stage(rehearsal.answers))

    def _register(self, kind: Kind, function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__
        if not _NAME.fullmatch(name) or name in self._handlers:
            msg = f"{name}: an operation is named once, in lower case with underscores, at most 64 characters"
            raise ValueError(msg)
        hints = typing.get_type_hints(function, include_extras=True)
        parameters = [item.name for item in inspect.signature(function).parameters.values()]
        if not 1 <= len(parameters) <= 2 or any(item not in hints for item in [*parameters[1:], "return"]):  # noqa: PLR2004
            msg = f"{name}: write it as (call: Call) -> Answer or (call: Call, form: Form) -> Answer, with both types"
            raise TypeError(msg)
        form = hints[parameters[1]] if len(parameters) > 1 else None
        for annotation in (form, hints["return"]):
            if annotation not in {None, type(None)}:
                schema_of(annotation)  # a type without a form on the wire is refused here, where it is written
        self._handlers[name] = Handler(name, kind, function, form, hints["return"])
        return function

    def _call(self, envelope: Mapping[str, Any], host: Host) -> Call:
        citizen = json_object(envelope.get("citizen"))
        subject = citizen.get("subject") if citizen else None
        locale = envelope.get("locale")
        key = envelope.get("idempotencyKey")
        problems: list[Problem] = []
        if not isinstance(subject, str) or not subject:
            problems.append(Problem("citizen.subject", "missing"))
        if not isinstance(locale, str) or not _LOCALE.fullmatch(locale):
            problems.append(Problem("locale", "type", "a BCP 47 locale"))
        if key is not None and not (isinstance(key, str) and _KEY.fullmatch(key)):
            problems.append(Problem("idempotencyKey", "pattern", "1 to 128 printable ASCII characters"))
        now, seed = _moment(envelope.get("now")), envelope.get("seed")
        if problems:
            raise ValidationError(problems)
        return Call(
            host,
            self.package,
            citizen=Citizen(str(subject)),
            locale=str(locale),
            idempotency_key=key,
            now=now,
            seed=seed if isinstance(seed, int) else None,
        )

    def _run(self, operation: str, envelope: Mapping[str, Any], call: Call) -> object:
        sent = envelope.get("input", {})
        if operation in self._listeners:
            return self._tell(self._listeners[operation], envelope, call)
        handler = self._handlers.get(operation)
        if handler is None:
            raise _unknown(operation)
        if handler.kind == "query":
            call.idempotency_key = None
        elif call.idempotency_key is None:
            raise ValidationError([Problem("idempotencyKey", "missing")], "IDEMPOTENCY_KEY_MISSING")
        if handler.form is not None:
            return handler.function(call, read_as(handler.form, sent))
        if sent:
            raise ValidationError([Problem("input", "unknown", f"{operation} takes no input")])
        return handler.function(call)

    @staticmethod
    def _tell(listener: Handler, envelope: Mapping[str, Any], call: Call) -> None:
        """Tell a function of a fact; a page that calls it by the fact's name is told that there is no such thing."""
        fact = json_object(envelope.get("fact"))
        fact_id = fact.get("id") if fact else None
        if not isinstance(fact_id, str) or not _KEY.fullmatch(fact_id):
            raise _unknown(listener.name)
        call.idempotency_key = fact_id
        listener.function(call, read_as(listener.form, envelope.get("input", {}), path="fact", strict=False))


def _unknown(operation: str) -> UserError:
    return UserError("OPERATION_UNKNOWN", operation=operation[:64])


def _moment(value: object) -> dt.datetime | None:
    """Return a fixed time, if the envelope has one that can be read and names its offset."""
    try:
        found = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.astimezone(dt.UTC) if found is not None and found.tzinfo is not None else None


def _read_envelope(text: str) -> Mapping[str, Any]:
    try:
        envelope = json_object(read_json(text, INPUT_BYTES_MAX))
    except NotJson as error:
        raise ValidationError([Problem("input", error.reason, error.expected)]) from None
    if envelope is None:
        raise ValidationError([Problem("input", "type", "object")])
    return envelope
