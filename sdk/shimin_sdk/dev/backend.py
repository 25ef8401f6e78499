"""The core on the developer's desk: invented citizens, consent, a cashier and an inbox around native handlers."""

import datetime as dt
import hashlib
import json
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from shimin_sdk.dev.citizens import Invented, furnish, read_citizens
from shimin_sdk.dev.fields import fields_of
from shimin_sdk.dev.host import DeskHost
from shimin_sdk.dev.walls import WalledApp, Walls
from shimin_sdk.errors import MiniAppError
from shimin_sdk.pack import letter
from shimin_sdk.pack.embed import package_data
from shimin_sdk.package import PackageData
from shimin_sdk.testing import CitizenPhone, load_app
from shimin_sdk.testing.clock import TestClock
from shimin_sdk.testing.memory import InboxMessage

CALLS_MAX = 50
PAGE_ERROR_CHARS_MAX = 500
FRAMES_MAX = 8
LATE_S = 3.0
"""How long the channel keeps a late payment waiting."""
OUTCOMES = ("paid", "failed", "late", "twice", "refunded", "cancelled")
_BROKEN = {"zh-Hans": "服务端代码无法加载，详见旁边的面板。", "en": "The server code does not load; see the panel."}
_BUILDING = {"zh-Hans": "正在构建沙箱组件，请稍候。", "en": "The component is being built; one moment."}
_TITLES = {
    "SETTLED": {"zh-Hans": "缴费成功", "en": "Payment received"},
    "FAILED": {"zh-Hans": "缴费未成功", "en": "Payment failed"},
    "REFUNDED": {"zh-Hans": "已退款", "en": "Refunded"},
}


@dataclass
class Used:
    """What one call used, as the panel shows it."""

    operation: str
    subject: str
    code: str = "OK"
    wall_ms: float = 0.0
    cpu_ms: float = 0.0
    memory_kib: float = 0.0
    """Highest memory in use above what was in use before the call."""
    host_calls: list[str] = field(default_factory=list[str])
    """The doors that the code went through, in order."""
    fields: list[str] = field(default_factory=list[str])
    """What the documents that ran read of the citizen."""
    lines: list[str] = field(default_factory=list[str])
    trace: str = ""


class _Refused(Exception):  # noqa: N818 - an answer to the page
    def __init__(self, code: str, message: str = "", detail: str | None = None) -> None:
        super().__init__(code)
        self.answer = {"ok": False, "error": {"code": code, "message": message, "detail": detail}}


class Backend:
    """One mini-app's folder with its invented citizens; every method may be called from any thread."""

    def __init__(self, folder: Path, *, changed: Callable[[], None] = lambda: None, walls: Walls | None = None) -> None:
        """Load the folder; code that does not load is a problem to show, never a reason to stop.

        Args:
            folder: the mini-app's folder.
            changed: told when the phone has something new to show.
            walls: runs handlers in the real sandbox; without it they run in this interpreter.
        """
        self.folder = folder
        self.changed = changed
        self.generation = 0
        self.problem = ""
        """The traceback of code that does not load; empty when all is well."""
        self.building = ""
        """The step of the build that runs; empty when none does."""
        self.calls: list[Used] = []
        self.inbox: dict[str, list[dict[str, Any]]] = {}
        self._turn = threading.RLock()
        self._walls = walls
        self._building = threading.Lock()
        self._hosts: dict[str, DeskHost] = {}
        self._citizens: list[Invented] = []
        self._texts: dict[str, str] = {}
        self._package = PackageData({})
        self._app: Any = None
        self.reload()

    def reload(self) -> None:
        """Load the folder anew; what citizens agreed to and paid stays as it is."""
        with self._turn:
            try:
                package = package_data(self.folder)
                app = load_app(self.folder)
                citizens = read_citizens(self.folder, app)
                texts = {path: (self.folder / path).read_text("utf-8") for path in package.documents}
            except Exception as error:  # noqa: BLE001 - whatever the developer wrote is shown to them
                self.problem = self._trace(error)
            else:
                self._package, self._app, self._citizens, self._texts = package, app, citizens, texts
                self.problem = ""
                if self._walls is not None:
                    self._app = WalledApp(app, self._walls)
                    self.building = "stage"
                for one in citizens:
                    host = self._hosts.get(one.subject)
                    host = self._hosts[one.subject] = host or DeskHost(package, texts)
                    host.package, host.texts = package, texts
                    furnish(host, one)
            self.generation += 1
        self.changed()
        if self.building:
            threading.Thread(target=self._build, args=(self.generation,), daemon=True).start()

    def _build(self, generation: int) -> None:
        """Build what was saved last; a save meanwhile makes this build one of the past."""

        def tell(step: str) -> None:
            self.building = step
            self.changed()

        with self._building:
            if self._walls is None or generation != self.generation:
                return
            problem = ""
            try:
                self._walls.build(self.folder, tell)
            except Exception as error:  # noqa: BLE001 - whatever the developer wrote is shown to them
                problem = str(error)
            if generation == self.generation:
                self.problem, self.building = problem, ""
                self.generation += 1
                self.changed()

    def state(self, subject: str, locale: str) -> dict[str, Any]:
        """Return everything that the phone and the panel show."""
        with self._turn:
            host = self._hosts.get(subject)
            names = {"name": self._package.words(locale, "manifest.name") or self._package.manifest.get("name", "")}
            return {
                "generation": self.generation,
                "problem": self.problem,
                "building": self.building,
                "app": {"id": self._package.app_id, **self._shown(), **names},
                "texts": {**self._package.texts.get("en", {}), **self._package.texts.get(locale, {})},
                "citizens": [{"subject": one.subject, "name": one.name} for one in self._citizens],
                "granted": sorted(host.granted) if host else [],
                "denied": sorted(host.denied) if host else [],
                "inbox": self.inbox.get(subject, []),
                "calls": [asdict(one) for one in reversed(self.calls)],
            }

    def call(self, subject: str, locale: str, operation: str, sent: Any, key: str | None) -> dict[str, Any]:
        """Run an operation in this interpreter and return the page's answer: ``ok`` with ``result`` or ``error``."""
        with self._turn:
            if self._app is None or self.problem:
                return _Refused("INTERNAL", _BROKEN["zh-Hans" if locale == "zh-Hans" else "en"]).answer
            if self.building:
                return _Refused("BUILDING", _BUILDING["zh-Hans" if locale == "zh-Hans" else "en"]).answer
            host = self._hosts.get(subject)
            if host is None:
                return _Refused("NOT_FOUND", "no such citizen").answer
            answer = self._measured(Used(operation[:64], subject), host, locale, key=key, sent=sent)
        self.changed()
        return answer

    def decide(self, subject: str, document: str, decision: str) -> dict[str, Any]:
        """Grant, refuse or withdraw what a document reads."""
        with self._turn:
            host = self._hosts.get(subject)
            if host is None or document not in self._texts:
                return _Refused("NOT_FOUND", "no such citizen or document").answer
            if decision not in {"grant", "refuse", "withdraw"}:
                return _Refused("INVALID_INPUT", "grant, refuse or withdraw").answer
            phone = self._phone(subject, host.locale)
            {"grant": phone.grant, "refuse": phone.deny, "withdraw": phone.withdraw}[decision](document)
        self.changed()
        return {"ok": True, "result": decision}

    def sheet(self, subject: str, locale: str, document: str) -> dict[str, Any]:
        """Return what the consent sheet shows of a document, and what the citizen decided."""
        with self._turn:
            host = self._hosts.get(subject)
            if host is None or document not in self._texts:
                return _Refused("NOT_FOUND", "no such citizen or document").answer
            host.locale = locale
            return {"ok": True, "result": host.sheet(document) | {"fields": self._personal(document)}}

    def page_error(self, subject: str, message: str) -> dict[str, Any]:
        """Show what went wrong in a page on the panel."""
        with self._turn:
            used = Used("page", subject, "PAGE_ERROR", lines=[message[:PAGE_ERROR_CHARS_MAX]])
            self.calls = [*self.calls, used][-CALLS_MAX:]
        self.changed()
        return {"ok": True, "result": None}

    def payment(self, subject: str, payment_id: str) -> dict[str, Any]:
        """Return what the cashier shows."""
        with self._turn:
            host = self._hosts.get(subject)
            asked = host.payments.get(payment_id) if host else None
            if asked is None:
                return _Refused("NOT_FOUND", "no such payment").answer
            shown = {"reference": asked.reference, "amount": asked.amount.decimal(), "currency": asked.amount.currency}
            return {"ok": True, "result": shown | {"state": asked.state}}

    def pay(self, subject: str, payment_id: str, outcome: str) -> dict[str, Any]:
        """Let the cashier end a payment in one of ``OUTCOMES``; what the page hears is advisory."""
        with self._turn:
            host = self._hosts.get(subject)
            asked = host.payments.get(payment_id) if host else None
            if asked is None or outcome not in OUTCOMES:
                return _Refused("NOT_FOUND", "no such payment or outcome").answer
            if outcome == "cancelled":
                return {"ok": True, "result": "cancelled"}
            if outcome == "late":
                timer = threading.Timer(LATE_S, self._settle, (subject, payment_id, "SETTLED"))
                timer.daemon = True
                timer.start()
            else:
                self._settle(subject, payment_id, "FAILED" if outcome == "failed" else "SETTLED")
            if outcome == "twice":  # the channel may tell the same twice; it counts once
                self._settle(subject, payment_id, "SETTLED")
            if outcome == "refunded":
                self._settle(subject, payment_id, "REFUNDED")
        self.changed()
        return {"ok": True, "result": "submitted"}

    def _settle(self, subject: str, payment_id: str, state: str) -> None:
        """Take the channel's word once: paid outweighs failed, and only paid is refunded; the mini-app is told."""
        with self._turn:
            host = self._hosts[subject]
            asked = host.payments[payment_id]
            before = {"SETTLED": {"REQUESTED", "FAILED"}, "FAILED": {"REQUESTED"}, "REFUNDED": {"SETTLED"}}
            if asked.state in before[state]:
                receipt = {"title": _TITLES[state], "reference": asked.reference, "at": time.strftime("%H:%M")}
                receipt |= {"amount": asked.amount.decimal(), "currency": asked.amount.currency}
                self.inbox.setdefault(subject, []).insert(0, receipt)
            elif asked.state != state:
                return
            phone = self._phone(subject, host.locale)
            end = {"SETTLED": phone.pay, "FAILED": phone.fail, "REFUNDED": phone.refund}[state]
            fact = {"SETTLED": "payment.settled", "FAILED": "payment.failed", "REFUNDED": "payment.refunded"}[state]
            used = Used(fact, subject)
            sent_before = len(host.services.inbox)
            self._noting(used, host, lambda: end(payment_id))
            if fact in self._app.listens_to:
                self.calls = [*self.calls, used][-CALLS_MAX:]
            self._deliver(subject, host, sent_before)
        self.changed()

    def _deliver(self, subject: str, host: DeskHost, after: int) -> None:
        """Put what the mini-app sent into the inbox, in the words of its own texts."""
        for message in host.services.inbox[after:]:
            title, body = (self._written(message, part) for part in letter.PARTS)
            self.inbox.setdefault(subject, []).insert(0, {"title": title, "body": body, "at": time.strftime("%H:%M")})

    def _written(self, message: InboxMessage, part: str) -> dict[str, str]:
        """Return one part of a message in both languages, as the platform would; a name stands for missing words."""
        code = f"{message.template}.{part}"
        words = {locale: self._package.words(locale, code) or code for locale in ("zh-Hans", "en")}
        given = {name: letter.place_words(value) or f"{{{name}}}" for name, value in message.params.items()}
        given = {name: f"{{{name}}}" for text in words.values() for name in letter.places(text)} | given
        return {locale: letter.filled(text, given) for locale, text in words.items()}

    def _phone(self, subject: str, locale: str) -> CitizenPhone:
        clock = TestClock(dt.datetime.now(dt.UTC))
        return CitizenPhone(self._app, self._hosts[subject], subject, locale, clock)

    def _measured(self, used: Used, host: DeskHost, locale: str, *, key: str | None, sent: Any) -> dict[str, Any]:
        """Run an operation for the page and keep what it used for the panel."""
        host.locale = locale
        phone = self._phone(used.subject, locale)
        sent_before = len(host.services.inbox)
        answer = self._noting(used, host, lambda: phone.call(used.operation, sent, key=key))
        error = answer.get("error", {})
        if error.get("code") == "CONSENT_REQUIRED":
            path = self._document_of(json.loads(error["detail"] or "{}"))
            detail = json.dumps(host.sheet(path) | {"fields": self._personal(path)}, ensure_ascii=False)
            answer = _Refused("CONSENT_REQUIRED", error["message"], detail).answer
        self.calls = [*self.calls, used][-CALLS_MAX:]
        self._deliver(used.subject, host, sent_before)
        return answer

    def _noting(self, used: Used, host: DeskHost, work: Callable[[], Any]) -> dict[str, Any]:
        """Run a handler and note what it used; a bug's traceback is for the panel, never for the page."""
        ran, said = len(host.calls), len(host.lines)
        host.doors.clear()
        tracemalloc.start()
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            answer: dict[str, Any] = {"ok": True, "result": work()}
        except MiniAppError as error:
            answer = _Refused(error.code, error.message, error.detail).answer
        except Exception as error:  # noqa: BLE001 - a bug of the mini-app
            used.trace = self._trace(error)
            answer = _Refused("INTERNAL").answer
        finally:
            used.cpu_ms = round((time.thread_time() - cpu) * 1000, 2)
            used.wall_ms = round((time.perf_counter() - wall) * 1000, 2)
            used.memory_kib = round(tracemalloc.get_traced_memory()[1] / 1024, 1)
            tracemalloc.stop()
        if isinstance(self._app, WalledApp) and self._app.last is not None:
            last = self._app.last
            used.cpu_ms, used.wall_ms = round(last.cpu_ms, 2), round(last.wall_ms, 2)
            used.memory_kib = round(last.memory_bytes / 1024, 1)
        used.code = answer.get("error", {}).get("code", "OK")
        used.host_calls = list(host.doors)
        documents = dict.fromkeys(path for path, _ in host.calls[ran:])
        used.fields = [name for path in documents for name in self._personal(path)]
        used.lines = [f"{level}: {message}" for level, message in host.lines[said:]]
        return answer

    def _trace(self, error: Exception) -> str:
        """Return the traceback of an error: the developer's own lines, if any are in it."""
        told = traceback.TracebackException.from_exception(error)
        home = f"{self.folder.resolve()}/"
        own = [frame for frame in told.stack if frame.filename.startswith(home)]
        told.stack = traceback.StackSummary.from_list(own or told.stack[-FRAMES_MAX:])
        return "".join(told.format(chain=False))

    def _document_of(self, sheet: Mapping[str, Any]) -> str:
        """Return the path of the document that a refusal names by its digest."""
        digests = {f"sha256:{hashlib.sha256(text.encode()).hexdigest()}": path for path, text in self._texts.items()}
        return digests[sheet["document_id"]]

    def _personal(self, path: str) -> list[str]:
        """Return the fields a query reads; what a mutation answers with is no reading of personal data."""
        text = self._texts.get(path, "")
        return [] if text.lstrip().startswith("mutation") else fields_of(text)

    def _shown(self) -> dict[str, Any]:
        """Return the pages, forms and message templates that the phone can open."""
        if not self._package.manifest:
            return {"page": "", "pages": [], "forms": {}, "messages": []}
        pages = [str(page) for page in self._package.manifest["pages"]]
        pages = [page if page.endswith(".html") else f"{page}.html" for page in pages]
        messages = self._package.manifest["shimin"].get("messages", [])
        return {"page": pages[0], "pages": pages, "forms": self._package.forms, "messages": messages}
