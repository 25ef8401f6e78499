"""A citizen with a phone: calls operations, agrees to what is asked, pays at the cashier."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shimin_sdk.app import App
from shimin_sdk.errors import HostError, MiniAppError
from shimin_sdk.money import Money
from shimin_sdk.pack.embed import package_data
from shimin_sdk.testing.load import load_app
from shimin_sdk.testing.store import Answering, Bill, MemoryHost
from shimin_sdk.wire import to_json


class CitizenPhone:
    """One citizen using one mini-app."""

    def __init__(self, app: App, host: MemoryHost, subject: str, locale: str) -> None:
        """Hold the phone; made by ``Phone.citizen``."""
        self._app = app
        self.host = host
        self.subject = subject
        self.locale = locale

    def grant(self, *documents: str) -> None:
        """Agree to what the documents read; without arguments, to all of the package's."""
        self.host.granted.update(documents or self.host.texts)

    def withdraw(self, *documents: str) -> None:
        """Take the agreement back; without arguments, all of it."""
        self.host.granted.difference_update(documents or self.host.texts)

    def answer(self, document: str, data: Mapping[str, Any] | Answering | HostError) -> None:
        """Say what a document's data is: fixed, made from its variables, or a refusal of the core."""
        self.host.answers[document] = data

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
        envelope = {
            "input": dict(input or {}),
            "locale": self.locale,
            "idempotencyKey": key,
            "citizen": {"subject": self.subject},
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

    def pay(self, payment_id: str) -> None:
        """Confirm a payment at the cashier: the channel settles it and the bill is paid."""
        asked = self.host.payments[payment_id]
        asked.state = "SETTLED"
        self.host.bills[asked.reference].state = "PAID"

    def fail(self, payment_id: str) -> None:
        """Let a payment fail at the channel: the bill stays due."""
        self.host.payments[payment_id].state = "FAILED"


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

    def citizen(self, subject: str = "sub_test_1", *, locale: str = "zh-Hans") -> CitizenPhone:
        """Return a citizen who has agreed to nothing yet and shares nothing with other citizens."""
        texts = {path: (self._dir / path).read_text("utf-8") for path in self._data.documents}
        return CitizenPhone(self.app, MemoryHost(self._data, texts, locale), subject, locale)

    def rehearse(self) -> None:
        """Run what the build runs before it freezes the code.

        Raises:
            MiniAppError, AnswerMismatch: a rehearsal failed, and so would the build.
        """
        self.app.warm_up()

    def form_problems(self) -> list[str]:
        """Return where a form and the input of its operation disagree; empty when all is well."""
        found = []
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
