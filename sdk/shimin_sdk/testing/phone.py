"""A citizen with a phone: calls operations, agrees to what is asked, pays at the cashier."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shimin_sdk.app import App
from shimin_sdk.connector import Method, Reply
from shimin_sdk.errors import HostError, MiniAppError
from shimin_sdk.money import Money
from shimin_sdk.pack.embed import package_data
from shimin_sdk.testing.clock import TestClock
from shimin_sdk.testing.load import load_app
from shimin_sdk.testing.memory import InboxMessage
from shimin_sdk.testing.store import Answering, Bill, MemoryHost, Replying
from shimin_sdk.wire import to_json


class CitizenPhone:
    """One citizen using one mini-app."""

    def __init__(self, app: App, host: MemoryHost, subject: str, locale: str, clock: TestClock) -> None:
        """Hold the phone; made by ``Phone.citizen``."""
        self._app = app
        self.host = host
        self.subject = subject
        self.locale = locale
        self.clock = clock
        self.seed: int | None = None
        """Makes ``call.random`` repeat itself; None leaves it unpredictable."""

    @property
    def inbox(self) -> list[InboxMessage]:
        """What the mini-app sent, the oldest first."""
        return self.host.services.inbox

    def grant(self, *documents: str) -> None:
        """Agree to what the documents read; without arguments, to all of the package's."""
        self.host.granted.update(documents or self.host.texts)
        self.host.denied.difference_update(documents or self.host.texts)

    def deny(self, *documents: str) -> None:
        """Say no to what the documents read, so that nobody asks again; without arguments, to all of the package's."""
        self.withdraw(*documents)
        self.host.denied.update(documents or self.host.texts)

    def withdraw_after(self, documents_run: int) -> None:
        """Take every agreement back in the middle of a call, after so many more documents were answered."""
        self.host.withdraw_after = documents_run

    def withdraw(self, *documents: str) -> None:
        """Take the agreement back; without arguments, all of it."""
        self.host.granted.difference_update(documents or self.host.texts)

    def answer(self, document: str, data: Mapping[str, Any] | Answering | HostError) -> None:
        """Say what a document's data is: fixed, made from its variables, or a refusal of the core."""
        self.host.answers[document] = data

    def reply(self, connector: str, method: Method, path: str, reply: Reply | Replying | HostError) -> None:
        """Say what a department's system answers: a recorded reply, one made from the request, or a refusal.

        A path may end with ``*``: the reply is then for every path that begins so.
        """
        self.host.replies[connector, method, path] = reply

    def serve(self, app_id: str, operation: str, answer: Mapping[str, Any] | HostError) -> None:
        """Say what another mini-app's service answers, or how it refuses."""
        self.host.served[f"{app_id}/{operation}"] = answer

    def upload(self, handle: str, text: str, *, name: str = "file.txt", media_type: str = "text/plain") -> None:
        """Put a file of the citizen into the core."""
        self.host.services.keep_file(handle, name, text, media_type)

    def owes(self, reference: str, amount: Money) -> None:
        """Put a bill into the department's system of record."""
        self.host.bills[reference] = Bill(amount)

    def call(self, operation: str, input: Mapping[str, Any] | None = None, *, key: str | None = None) -> Any:  # noqa: A002
        """Call an operation as the page does and return its JSON answer.

        Args:
            operation: its name.
            input: what the page sends.
            key: the idempotency key of an action.

        Raises:
            MiniAppError: with ``code`` and ``message`` as the page gets them.
        """
        return self._dispatch(operation, input or {}, {"idempotencyKey": key, "seed": self.seed})

    def _dispatch(self, operation: str, sent: Mapping[str, Any], more: Mapping[str, Any]) -> Any:
        envelope = {
            "input": dict(sent),
            "locale": self.locale,
            "citizen": {"subject": self.subject},
            "now": self.clock.now,
            "requestId": "req_test",
            **more,
        }
        return json.loads(self._app.dispatch(operation, to_json(envelope), self.host))

    def refused(
        self,
        operation: str,
        input: Mapping[str, Any] | None = None,  # noqa: A002 - as in call
        *,
        key: str | None = None,
    ) -> MiniAppError:
        """Call an operation that must end in an error, and return the error.

        Raises:
            AssertionError: it answered.
        """
        try:
            found = self.call(operation, input, key=key)
        except MiniAppError as error:
            return error
        msg = f"{operation} answered {found!r} instead of refusing"
        raise AssertionError(msg)

    def confirm(self, payment_id: str) -> None:
        """Say yes at the cashier; the channel has not answered yet: ``notify`` is its answer, however late."""
        self.host.payments[payment_id].state = "CONFIRMED"

    def notify(self, payment_id: str) -> None:
        """Let the channel say that the money is there; what it says a second time changes nothing."""
        asked = self.host.payments[payment_id]
        asked.state = "SETTLED"
        if asked.reference in self.host.bills:
            self.host.bills[asked.reference].state = "PAID"
        receipt = {"receiptNumber": f"R-{payment_id[-8:]}", "settledAt": self.clock.now}
        self._tell("payment.settled", payment_id, receipt)

    def pay(self, payment_id: str, *, notified: int = 1) -> None:
        """Pay at the cashier: the channel settles it, the bill is paid, the mini-app is told.

        Args:
            payment_id: what the mini-app asked for.
            notified: how often the channel says so.
        """
        self.confirm(payment_id)
        for _ in range(notified):
            self.notify(payment_id)

    def fail(self, payment_id: str) -> None:
        """Let a payment fail at the channel: the bill stays due, the mini-app is told."""
        self.host.payments[payment_id].state = "FAILED"
        self._tell("payment.failed", payment_id, {})

    def refund(self, payment_id: str) -> None:
        """Give the money of a settled payment back: the bill is due again, the mini-app is told.

        Raises:
            AssertionError: it is not settled.
        """
        asked = self.host.payments[payment_id]
        if asked.state != "SETTLED":
            msg = f"{payment_id} is {asked.state}; only a settled payment is refunded"
            raise AssertionError(msg)
        asked.state = "REFUNDED"
        if asked.reference in self.host.bills:
            self.host.bills[asked.reference].state = "DUE"
        self._tell("payment.refunded", payment_id, {})

    def _tell(self, fact: str, payment_id: str, more: Mapping[str, Any]) -> None:
        """Tell the mini-app what happened, if it listens; the same fact has the same id each time."""
        if fact not in self._app.listens_to:
            return
        asked = self.host.payments[payment_id]
        data = {"paymentId": payment_id, "subject": asked.reference, "amount": asked.amount, **more}
        self._dispatch(fact, data, {"fact": {"id": f"{fact}:{payment_id}", "name": fact}})


class Phone:
    """A mini-app's folder, loaded and ready for citizens.

    ::

        phone = Phone(Path(__file__).parents[1])
        citizen = phone.citizen()
        assert citizen.refused("overview").code == "CONSENT_REQUIRED"
        citizen.grant()
        citizen.answer("operations/overview.graphql", {...})
        assert citizen.call("overview")["monthsPaid"] == 128
    """

    def __init__(self, package_dir: Path) -> None:
        """Load the package's server code, texts, forms and documents."""
        self._dir = package_dir
        self._data = package_data(package_dir)
        self.app = load_app(package_dir)
        self.clock = TestClock()

    def citizen(self, subject: str = "sub_test_1", *, locale: str = "zh-Hans") -> CitizenPhone:
        """Return a citizen who has agreed to nothing yet and shares nothing with other citizens."""
        texts = {path: (self._dir / path).read_text("utf-8") for path in self._data.documents}
        return CitizenPhone(self.app, MemoryHost(self._data, texts, locale), subject, locale, self.clock)

    def rehearse(self) -> None:
        """Run what the build runs before it freezes the code.

        Raises:
            MiniAppError, AnswerMismatch: a rehearsal failed, and so would the build.
        """
        self.app.warm_up()

    def form_problems(self) -> list[str]:
        """Return where a form and the input of its operation disagree; empty when all is well."""
        found: list[str] = []
        described = self.app.describe()
        for name, form in self._data.forms.items():
            operation = described.get(form.get("operation", ""))
            if operation is None:
                found.append(f"forms/{name}.json: no operation {form.get('operation')!r}")
                continue
            schema = operation["input"]
            asked = {item["name"]: bool(item.get("required", False)) for item in form.get("fields", ())}
            found += [f"forms/{name}.json: {key} is no input" for key in asked.keys() - schema["properties"].keys()]
            found += [f"forms/{name}.json: {key} is required" for key in schema["required"] if not asked.get(key)]
        return found
