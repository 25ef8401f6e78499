"""The core in memory, as far as a mini-app can tell: consent, canned data by document, connectors, payments."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shimin_sdk.call import REQUEST_PAYMENT
from shimin_sdk.connector import Reply
from shimin_sdk.errors import HostError
from shimin_sdk.money import Money
from shimin_sdk.package import PackageData
from shimin_sdk.testing.memory import MemoryServices
from shimin_sdk.wire import to_wire

Answering = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Replying = Callable[[Mapping[str, Any]], Reply]


@dataclass
class Bill:
    """A bill in the department's system of record and what became of it."""

    amount: Money
    state: str = "DUE"


@dataclass
class Asked:
    """One payment that the mini-app asked for; ``reference`` is the bill's, or the subject where there is no bill."""

    id: str
    reference: str
    amount: Money
    state: str = "REQUESTED"


@dataclass
class MemoryHost:
    """One citizen's core: refuses until consent is given, answers what the test prepared, remembers what was asked."""

    package: PackageData
    texts: Mapping[str, str]
    """The package's documents by path."""
    locale: str = "zh-Hans"
    granted: set[str] = field(default_factory=set[str])
    answers: dict[str, Mapping[str, Any] | Answering | HostError] = field(
        default_factory=dict[str, Mapping[str, Any] | Answering | HostError]
    )
    bills: dict[str, Bill] = field(default_factory=dict[str, Bill])
    payments: dict[str, Asked] = field(default_factory=dict[str, Asked])
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list[tuple[str, Mapping[str, Any]]])
    """Every document that ran, with its variables."""
    lines: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """What the mini-app logged: level and message."""
    denied: set[str] = field(default_factory=set[str])
    """Documents that the citizen said no to."""
    served: dict[str, Mapping[str, Any] | HostError] = field(default_factory=dict[str, Mapping[str, Any] | HostError])
    """What other mini-apps' services answer, by ``app.id/operation``."""
    asked_services: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list[tuple[str, Mapping[str, Any]]])
    """Every service that was asked, with what went in."""
    replies: dict[tuple[str, str, str], Reply | HostError | Replying] = field(
        default_factory=dict[tuple[str, str, str], Reply | HostError | Replying]
    )
    """What departments' systems answer, by connector, method and path; a path may end with ``*``."""
    fetched: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list[tuple[str, Mapping[str, Any]]])
    """Every request that went through a connector."""
    withdraw_after: int | None = None
    """How many more documents are answered before the citizen takes every agreement back; None for never."""
    services: MemoryServices = field(init=False)

    def __post_init__(self) -> None:
        """Make the services beside it."""
        self.services = MemoryServices(self._create_payment)

    def ask(self, service: str, request: str, /) -> str:
        """Answer a service as a platform that has all of them."""
        return self._serve(json.loads(request)) if service == "service.call" else self.services.ask(service, request)

    def execute(self, document: str, variables: str, /) -> str:
        """Run a prepared document as the core would."""
        if document not in self.texts:
            raise HostError("DOCUMENT_NOT_DECLARED", f"the package has no {document}")
        values = json.loads(variables)
        self._maybe_withdraw()
        prepared = self.answers.get(document)
        if isinstance(prepared, HostError):
            raise HostError(prepared.code, prepared.message, prepared.detail)
        if document == REQUEST_PAYMENT and prepared is None:
            answer: Mapping[str, Any] = {"requestPayment": self._pay(values["input"])}
        elif document in self.denied:
            raise HostError("CONSENT_DENIED", "the citizen said no", self._sheet(document))
        elif document not in self.granted:
            raise HostError("CONSENT_REQUIRED", "the citizen has not agreed yet", self._sheet(document))
        elif prepared is None:
            msg = f"the test has no answer for {document}; give one with citizen.answer({document!r}, {{…}})"
            raise AssertionError(msg)
        else:
            answer = prepared(values) if callable(prepared) else prepared
        self.calls.append((document, values))
        return json.dumps(to_wire(answer), ensure_ascii=False)

    def fetch(self, connector: str, request: str, /) -> str:
        """Answer what the test recorded for the connector, method and path."""
        asked = json.loads(request)
        self.fetched.append((connector, asked))
        known = self._reply(connector, asked["method"], asked["path"])
        if known is None:
            place = f"{connector!r}, {asked['method']!r}, {asked['path']!r}"
            msg = f"the test has no reply for this request; give one with citizen.reply({place}, Reply(200, body=…))"
            raise AssertionError(msg)
        found = known(asked) if callable(known) else known
        if isinstance(found, HostError):
            raise HostError(found.code, found.message, found.detail)
        return json.dumps(to_wire(found), ensure_ascii=False)

    def _serve(self, asked: Mapping[str, Any]) -> str:
        """Answer what the test said for another mini-app's service."""
        name = f"{asked['app']}/{asked['operation']}"
        self.asked_services.append((name, asked["input"]))
        answer = self.served.get(name)
        if answer is None:
            msg = f"the test has no answer of {name}; give one with citizen.serve(app_id, operation, {{…}})"
            raise AssertionError(msg)
        if isinstance(answer, HostError):
            raise HostError(answer.code, answer.message, answer.detail)
        return json.dumps(to_wire(answer), ensure_ascii=False)

    def log(self, level: str, message: str, /) -> None:
        """Keep the line for the test to look at."""
        self.lines.append((level, message))

    def _reply(self, connector: str, method: str, path: str) -> Reply | HostError | Replying | None:
        """Return what is recorded for a path, or for the longest beginning of it that ends with ``*``."""
        fitting = [
            kept
            for host, verb, kept in self.replies
            if (host, verb) == (connector, method)
            and (kept == path or (kept[-1:] == "*" and path.startswith(kept[:-1])))
        ]
        best = max(fitting, key=lambda kept: (kept == path, len(kept)), default=None)
        return None if best is None else self.replies[connector, method, best]

    def _maybe_withdraw(self) -> None:
        if self.withdraw_after is None:
            return
        if self.withdraw_after == 0:
            self.granted.clear()
        self.withdraw_after = max(self.withdraw_after - 1, 0)

    def _create_payment(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        amount = Money(int(order["amount"]["amountMinor"]), order["amount"]["currency"])
        known = self.payments.setdefault(order["id"], Asked(order["id"], order["subject"], amount))
        if (known.reference, known.amount) != (order["subject"], amount):
            raise HostError("IDEMPOTENCY_CONFLICT", "the same payment id came with other content")
        return {"id": known.id, "state": known.state, "amount": known.amount}

    def _sheet(self, document: str) -> str:
        operations = self.package.manifest["shimin"]["operations"]
        declared = {item["document"]: item for part in ("required", "optional") for item in operations.get(part, ())}
        purpose = declared.get(document, {}).get("purpose", "")
        digest = hashlib.sha256(self.texts[document].encode()).hexdigest()
        sheet: Mapping[str, object] = {
            "document_id": f"sha256:{digest}",
            "app_id": self.package.app_id,
            "purpose": self.package.words(self.locale, purpose) or purpose,
            "retention": declared.get(document, {}).get("retention", ""),
            "fields": [],
        }
        return json.dumps(sheet, ensure_ascii=False)

    def _pay(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        bill = self.bills.get(order["billReference"])
        known = self.payments.get(order["id"])
        if known is not None and known.reference != order["billReference"]:
            return _refused("IdempotencyConflict", "IDEMPOTENCY_CONFLICT", "the same payment id names another bill")
        if bill is None:
            return _refused("NotFound", "NOT_FOUND", "no such bill")
        if known is None and bill.state == "PAID":
            return _refused("BillAlreadyPaid", "BILL_ALREADY_PAID", "the bill is paid")
        asked = self.payments.setdefault(order["id"], Asked(order["id"], order["billReference"], bill.amount))
        return {"__typename": "Payment", "id": asked.id, "state": asked.state, "amount": to_wire(asked.amount)}


def _refused(kind: str, code: str, message: str) -> Mapping[str, Any]:
    return {"__typename": kind, "code": code, "message": message}
