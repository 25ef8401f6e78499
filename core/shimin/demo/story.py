"""The main job as a citizen lives it, played over HTTP against a running server; each step says what it proved."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shimin.demo.phone import Phone, StoryBroken, Stream, document_text
from shimin.kit.ids import new_id

if TYPE_CHECKING:
    from shimin.demo.residents import Resident

APP_ID = "linhai.hrss.social-security"
SETTLE_S = 60.0
"""How long the story waits for a payment's outcome and its message."""
CODE_SHAPE = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it went: what it was, the document it ran, what came of it and the time it took."""

    title: str
    document: str
    outcome: str
    took_ms: float


class Story:
    """Plays the story step by step; the first step that is wrong ends it."""

    def __init__(self, phone: Phone, stranger: Phone, heroine: Resident, report: Callable[[Step], None]) -> None:
        """Play with two phones: the heroine's, and that of somebody who must see nothing of hers."""
        self.phone = phone
        self.stranger = stranger
        self.heroine = heroine
        self.report = report
        self.bill: dict[str, Any] = {}
        self.payment_id = ""
        self.grant_id = ""

    def play(self) -> None:
        """Play it all.

        Raises:
            StoryBroken: names the step, what was promised and what was found.
        """
        self._step("find the guide", "search_guides", self.find_guide)
        self._step("ask for a code", "request_code", lambda: self.ask_code(self.phone, self.heroine.phone))
        self._step("sign in with the printed code", "sign_in", lambda: self.sign_in(self.phone, self.heroine.phone))
        self._step("who am I", "viewer", self.who_am_i)
        self._step("prove the real name, once", "confirm_real_name", self.prove_name)
        self._step("which mini-apps are there", "list_mini_apps", self.find_mini_app)
        self._step("open it: consent is asked for", "call_mini_app", self.consent_asked)
        self._step("grant the consent", "grant_consent", self.grant)
        self._step("open it again: own data", "call_mini_app", self.own_data)
        self._step("ask to pay a bill", "call_mini_app", self.ask_payment)
        self._step("a stranger cannot see the payment", "payment", self.stranger_sees_nothing)
        with Stream(self.phone, "message_arrived") as stream:
            self._step("confirm the payment", "confirm_payment", self.confirm)
            self._step("confirming again changes nothing", "confirm_payment", self.confirm)
            self._step("the receipt arrives, live", "message_arrived", lambda: self.receipt_live(stream))
        self._step("it is in the inbox, once", "inbox", self.receipt_in_inbox)
        self._step("the payment is settled", "payment", self.settled)
        self._step("the department shows the bill as paid", "call_mini_app", self.bill_paid)
        self._step("who has read my data", "access_log", self.access_log)
        self._step("withdraw the consent", "withdraw_consent", self.withdraw)
        self._step("withdrawn means closed at once", "call_mini_app", self.consent_asked)
        self._step("sign out", "sign_out", self.sign_out)
        self._step("a signed-out token opens nothing", "viewer", self.token_is_dead)

    def _step(self, title: str, document: str, act: Callable[[], str]) -> None:
        started = time.monotonic()
        try:
            outcome = act()
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise StoryBroken(step=title, expected="an answer of the documented shape", found=repr(error)) from None
        except StoryBroken as broken:
            broken.step = title
            raise
        self.report(Step(title, document_text(document), outcome, (time.monotonic() - started) * 1000))

    # ---- finding -------------------------------------------------------------------------------------------------

    def find_guide(self) -> str:
        """Search for 社保 and expect the guide that names the mini-app."""
        edges = self.phone.data("search_guides", {"query": "社保", "first": 10})["guides"]["edges"]
        found = [edge["node"] for edge in edges if edge["node"].get("miniAppId") == APP_ID]
        _expect(bool(found), f"a guide that opens {APP_ID}", [edge["node"] for edge in edges])
        return f"{len(edges)} guides; “{found[0]['title']}” opens {APP_ID}"

    def find_mini_app(self) -> str:
        """Expect the mini-app among those that can be opened."""
        apps = self.phone.data("list_mini_apps")["miniApps"]
        found = [app for app in apps if app["id"] == APP_ID]
        _expect(bool(found), f"{APP_ID} to be live", apps)
        return f"{found[0]['name']} {found[0]['version']} by {found[0]['departmentId']}"

    # ---- signing in ----------------------------------------------------------------------------------------------

    def ask_code(self, phone: Phone, number: str) -> str:
        """Ask for a code."""
        answer = phone.data("request_code", {"input": {"phone": number, "nonce": phone.nonce}})["requestCode"]
        _expect(answer["__typename"] == "CodeRequested", "CodeRequested", answer)
        return f"valid until {answer['expiresAt']}"

    def sign_in(self, phone: Phone, number: str) -> str:
        """Read the code from the development inbox and sign in with it."""
        notices = phone.send("GET", "/dev/inbox", params={"phone": number}).json()
        codes = CODE_SHAPE.findall(notices[0]["body"]) if notices else []
        _expect(len(codes) == 1, "one code in the newest text", notices[:1])
        sign_in = {"phone": number, "code": codes[0], "nonce": phone.nonce, "deviceName": "shimin demo"}
        answer = phone.data("sign_in", {"input": sign_in})["signIn"]
        _expect(answer["__typename"] == "SignedIn", "SignedIn", answer)
        phone.access_token = answer["accessToken"]
        return "registered with one field" if answer["registered"] else "welcome back"

    def who_am_i(self) -> str:
        """Expect the citizen's own profile, masked."""
        viewer = self.phone.data("viewer")["viewer"]
        _expect(viewer["kind"].lower() == "citizen", "a citizen", viewer)
        _expect(self.heroine.phone not in str(viewer), "a masked phone number", viewer)
        return f"{viewer['phone']}, assurance {viewer['assurance']}"

    def prove_name(self) -> str:
        """Confirm name and id number against the population register, unless it was done before."""
        if self.phone.data("viewer")["viewer"]["assurance"] >= 2:  # noqa: PLR2004 - level 2 is "real name"
            return "already proven in an earlier run"
        person = {"name": self.heroine.name_zh_hans, "idNumber": self.heroine.id_number}
        answer = self.phone.data("confirm_real_name", {"input": person})["confirmRealName"]
        _expect(answer["__typename"] == "RealNameConfirmed", "RealNameConfirmed", answer)
        return f"assurance {answer['assurance']}"

    # ---- the mini-app --------------------------------------------------------------------------------------------

    def _call(self, operation: str, values: dict[str, Any] | None = None, key: str | None = None) -> dict[str, Any]:
        order = {"appId": APP_ID, "operation": operation, "input": values or {}, "idempotencyKey": key}
        answer: dict[str, Any] = self.phone.data("call_mini_app", {"input": order})["callMiniApp"]
        return answer

    def consent_asked(self) -> str:
        """Expect the consent sheet, computed from the mini-app's document."""
        if not self.grant_id:
            self._forget_earlier_consent()
        answer = self._call("overview")
        _expect(answer["__typename"] == "ConsentRequired", "ConsentRequired", answer)
        labels = [item["label"] for item in answer["fields"]]
        scopes = {item["scope"] for item in answer["fields"]}
        _expect({"insurance.pension.balance", "insurance.bills"} & scopes != set(), "scopes of the document", answer)
        self.sheet = answer
        return f"{answer['purpose']}: {'、'.join(labels)}"

    def _forget_earlier_consent(self) -> None:
        """Withdraw what an earlier run left granted, so that the story begins at its beginning."""
        edges = self.phone.data("consents", {"first": 100})["consents"]["edges"]
        for node in (edge["node"] for edge in edges):
            if node["appId"] == APP_ID and node["state"] == "GRANTED":
                self.phone.data("withdraw_consent", {"input": {"grantId": node["id"]}})

    def grant(self) -> str:
        """Say yes to exactly the sheet that was shown."""
        decision = {name: self.sheet[name] for name in ("appId", "documentId", "terms")}
        answer = self.phone.data("grant_consent", {"input": decision})["grantConsent"]
        _expect(answer["__typename"] == "Consent", "Consent", answer)
        self.grant_id = answer["id"]
        return f"receipt {answer['receiptNumber']}"

    def own_data(self) -> str:
        """Expect balances and a bill to pay."""
        answer = self._call("overview")
        _expect(answer["__typename"] == "MiniAppAnswer", "MiniAppAnswer", answer)
        output = answer["output"]
        _expect(bool(output["billsDue"]), "a bill that is due", output)
        self.bill = output["billsDue"][0]
        return str(output["summary"])

    def ask_payment(self) -> str:
        """Have the mini-app ask for a payment, twice with one key, and expect one payment."""
        key = new_id("key")
        reference = {"billReference": self.bill["reference"]}
        answer = self._call("pay_bill", reference, key)
        _expect(answer["__typename"] == "MiniAppAnswer", "MiniAppAnswer", answer)
        again = self._call("pay_bill", reference, key)
        _expect(again.get("output") == answer["output"], "the same payment for the same key", again)
        self.payment_id = answer["output"]["paymentId"]
        return f"{self.payment_id} {answer['output']['state']}"

    # ---- paying --------------------------------------------------------------------------------------------------

    def stranger_sees_nothing(self) -> str:
        """Sign somebody else in and expect the payment not to exist for them."""
        self.ask_code(self.stranger, STRANGER_PHONE)
        self.sign_in(self.stranger, STRANGER_PHONE)
        answer = self.stranger.run("payment", {"id": self.payment_id})
        seen = (answer.get("data") or {}).get("payment")
        _expect(seen is None, "nothing", answer)
        confirm = self.stranger.data("confirm_payment", {"input": {"id": self.payment_id}})["confirmPayment"]
        _expect(confirm["__typename"] == "NotFound", "NotFound", confirm)
        return "not found, as if it did not exist"

    def confirm(self) -> str:
        """Confirm in person, in the core's own mutation."""
        answer = self.phone.data("confirm_payment", {"input": {"id": self.payment_id}})["confirmPayment"]
        _expect(answer["__typename"] == "Payment", "Payment", answer)
        _expect(answer["state"] in {"CONFIRMED", "SETTLED"}, "CONFIRMED or SETTLED", answer)
        return f"{answer['state']} {answer['amount']['amountMinor']} {answer['amount']['currency']} (minor units)"

    def receipt_live(self, stream: Stream) -> str:
        """Expect the message of this payment on the open stream, or in the inbox if the stream broke meanwhile."""
        give_up = time.monotonic() + SETTLE_S
        while time.monotonic() < give_up:
            for message in stream.messages("messageArrived"):
                if message["paymentId"] == self.payment_id:
                    return str(message["title"])
            if stream.broken and self._receipts():
                return f"{self._receipts()[0]['title']} (read from the inbox: the server was restarted)"
            time.sleep(0.05)
        raise StoryBroken(step="", expected=f"a receipt within {SETTLE_S:.0f} s", found="none")

    def _receipts(self) -> list[dict[str, Any]]:
        edges = self.phone.data("inbox", {"first": 100})["inbox"]["edges"]
        return [edge["node"] for edge in edges if edge["node"]["paymentId"] == self.payment_id]

    def receipt_in_inbox(self) -> str:
        """Expect exactly one receipt."""
        receipts = self._receipts()
        _expect(len(receipts) == 1, "one receipt", receipts)
        return str(receipts[0]["body"])

    def settled(self) -> str:
        """Expect the payment to be settled with a receipt number."""
        payment = self.phone.data("payment", {"id": self.payment_id})["payment"]
        _expect(payment["state"] == "SETTLED" and payment["receiptNumber"], "SETTLED with a receipt number", payment)
        return f"receipt {payment['receiptNumber']}"

    def bill_paid(self) -> str:
        """Expect the department to have heard: the bill is no longer due."""
        give_up = time.monotonic() + SETTLE_S
        due: list[str] = []
        while time.monotonic() < give_up:
            due = [bill["reference"] for bill in self._call("overview")["output"]["billsDue"]]
            if self.bill["reference"] not in due:
                return f"{self.bill['reference']} is paid; {len(due)} left"
            time.sleep(0.2)
        raise StoryBroken(step="", expected=f"{self.bill['reference']} to be paid", found=f"due: {due}")

    # ---- control -------------------------------------------------------------------------------------------------

    def access_log(self) -> str:
        """Expect the mini-app's reads in the citizen's own log."""
        entries = [edge["node"] for edge in self.phone.data("access_log", {"first": 50})["accessLog"]["edges"]]
        reads = [entry for entry in entries if entry["appId"] == APP_ID and entry["outcome"] == "ALLOWED"]
        denied = [entry for entry in entries if entry["appId"] == APP_ID and entry["outcome"] == "DENIED"]
        _expect(bool(reads) and bool(denied), "allowed and denied reads by the mini-app", entries[:3])
        return f"{len(reads)} reads and {len(denied)} denied by {APP_ID}"

    def withdraw(self) -> str:
        """Take the consent back."""
        answer = self.phone.data("withdraw_consent", {"input": {"grantId": self.grant_id}})["withdrawConsent"]
        _expect(answer["__typename"] == "Consent" and answer["state"] == "WITHDRAWN", "WITHDRAWN", answer)
        return f"withdrawn at {answer['withdrawnAt']}"

    def sign_out(self) -> str:
        """End the session."""
        answer = self.phone.data("sign_out")["signOut"]
        _expect(answer["__typename"] == "SessionClosed", "SessionClosed", answer)
        return "signed out"

    def token_is_dead(self) -> str:
        """Expect the access token to be refused though its time is not over."""
        answer = self.phone.run("viewer")
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        _expect(codes == ["SESSION_ENDED"], "SESSION_ENDED", answer)
        return "SESSION_ENDED"


STRANGER_PHONE = "+8619900000099"
"""Nobody of the city."""


def _expect(fine: bool, expected: str, found: object) -> None:  # noqa: FBT001 - reads as a sentence
    """Go on only if the step went as promised.

    Raises:
        StoryBroken: it did not.
    """
    if not fine:
        raise StoryBroken(step="", expected=expected, found=str(found)[:800])
