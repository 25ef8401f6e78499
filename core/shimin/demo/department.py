"""The invented city's human resources department: a separate HTTP server that holds records and bills."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shimin.demo.department_books import Books
from shimin.demo.residents import Resident, ResidentBill, load_residents
from shimin.kit.clock import Clock, SystemClock
from shimin.kit.signed_request import (
    NONCE_HEADER,
    SIGNATURE_HEADER,
    SKEW_S_MAX,
    TIMESTAMP_HEADER,
    request_signature,
    signature_fits,
)

DEPARTMENT_ID = "hrss.linhai"
PAYEE = "临海市人力资源和社会保障局"
BODY_BYTES_MAX = 16 * 1024
NONCES_MAX = 100_000
SLOW_S = 30.0
"""Longer than any registered time limit."""

Fault = Literal["none", "down", "slow", "nonsense"]
Handler = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Department:
    """The department's counter: knows residents and books, and can be told to misbehave."""

    def __init__(self, residents: Sequence[Resident], books: Books, secret: bytes, clock: Clock) -> None:
        """Open the counter.

        Args:
            residents: everybody it holds records of.
            books: where it writes payments down.
            secret: shared with the platform, at least 32 bytes.
            clock: what it dates answers with.
        """
        self.books = books
        self.fault: Fault = "none"
        self._people = {resident.id_number: resident for resident in residents}
        self._secret = secret
        self._clock = clock
        self._nonces: dict[str, float] = {}

    def match(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """Tell whether name and number belong together, and nothing else."""
        person = self._people.get(question["id_number"])
        names = {person.name_zh_hans, person.name_en.casefold()} if person else set()
        return {"match": question["name"] in names or question["name"].casefold() in names}

    def social_insurance(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a person's accounts and bills; nothing of people it does not know."""
        person = self._people.get(question["id_number"])
        pension = medical = None
        if person and person.pension_balance_minor is not None:
            pension = {"balance": _cny(person.pension_balance_minor), "months_paid": person.pension_months_paid}
        if person and person.medical_balance_minor is not None:
            medical = {"balance": _cny(person.medical_balance_minor)}
        return {
            "as_of": self._clock.now().replace(microsecond=0).isoformat(),
            "pension": pension,
            "medical": medical,
            "bills": [self._bill(bill) for bill in self.books.issued(person.bills if person else ())],
        }

    def bill(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return one bill of one person, or none."""
        person = self._people.get(question["id_number"])
        issued = self.books.issued(person.bills if person else ())
        found = next((bill for bill in issued if bill.reference == question["reference"]), None)
        if found is None:
            return {"bill": None}
        return {"bill": {**self._bill(found), "department_id": DEPARTMENT_ID, "payee": PAYEE}}

    def record_payment(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write down that a bill is paid; repeats are answered alike."""
        problem = self.books.record(
            reference=question["reference"],
            payment_id=question["payment_id"],
            amount_minor=question["amount_minor"],
            currency=question["currency"],
        )
        return {"recorded": problem is None, **({"problem": problem} if problem else {})}

    def is_from_platform(self, request: Request, body: bytes) -> bool:
        """Check who asks: signature, time and a nonce never seen before."""
        headers = {name: request.headers.get(name, "") for name in (TIMESTAMP_HEADER, NONCE_HEADER, SIGNATURE_HEADER)}
        timestamp, nonce = headers[TIMESTAMP_HEADER], headers[NONCE_HEADER]
        expected = request_signature(
            self._secret, method=request.method, path=request.url.path, timestamp=timestamp, nonce=nonce, body=body
        )
        now_s = self._clock.now().timestamp()
        if (
            not signature_fits(headers[SIGNATURE_HEADER], expected)
            or not timestamp.isascii()
            or not timestamp.isdigit()
        ):
            return False
        if abs(now_s - int(timestamp)) > SKEW_S_MAX or nonce in self._nonces:
            return False
        if len(self._nonces) >= NONCES_MAX:
            old_s = now_s - 2 * SKEW_S_MAX
            self._nonces = {seen: at_s for seen, at_s in self._nonces.items() if at_s > old_s}
        self._nonces[nonce] = now_s
        return True

    def is_admin(self, request: Request) -> bool:
        """Check for the secret itself, on the paths that only tests use."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._secret)

    def _bill(self, bill: ResidentBill) -> dict[str, Any]:
        due_on = self.books.began_on + timedelta(days=bill.due_in_days)
        return {
            "reference": bill.reference,
            "title_zh_hans": bill.title_zh_hans,
            "title_en": bill.title_en,
            "amount": _cny(bill.amount_minor),
            "due_on": due_on.isoformat(),
            "state": "PAID" if bill.reference in self.books.paid() else "DUE",
        }


def department_app(
    state_path: Path, secret: bytes, *, clock: Clock | None = None, residents: Sequence[Resident] | None = None
) -> Starlette:
    """Return the department's server.

    Args:
        state_path: its own book of payments; survives a restart.
        secret: shared with the platform, at least 32 bytes.
        clock: the machine's by default.
        residents: those of ``citizens.toml`` by default.
    """
    clock = clock or SystemClock()
    people = load_residents() if residents is None else residents
    bills = [bill for person in people for bill in person.bills]
    department = Department(people, Books(state_path, bills, today=_local_day(clock.now())), secret, clock)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        department.books.close()

    return Starlette(
        routes=[
            Route("/health", _health),
            Route("/population/match", _operation(department, department.match), methods=["POST"]),
            Route("/hrss/social-insurance", _operation(department, department.social_insurance), methods=["POST"]),
            Route("/hrss/bill", _operation(department, department.bill), methods=["POST"]),
            Route("/hrss/record-payment", _operation(department, department.record_payment), methods=["POST"]),
            Route("/admin/fault", _set_fault(department), methods=["POST"]),
            Route("/admin/payments", _payments(department), methods=["GET"]),
        ],
        lifespan=lifespan,
    )


def run_department(host: str, port: int, state_path: Path, secret: bytes) -> None:
    """Serve the department until the process is told to stop."""
    app = department_app(state_path, secret)
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=2, server_header=False)


def _operation(department: Department, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Return the route of one operation: who asks, what is wrong today, the answer."""

    async def answer(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return JSONResponse({"error": "too large"}, status_code=413)
        if not department.is_from_platform(request, body):
            return JSONResponse({"error": "not from the platform"}, status_code=401)
        if department.fault == "down":
            return JSONResponse({"error": "closed"}, status_code=503)
        if department.fault == "slow":
            await asyncio.sleep(SLOW_S)
        if department.fault == "nonsense":
            return JSONResponse({"as_of": "yesterday", "pension": "plenty", "bills": [[[]]], "match": "perhaps"})
        try:
            return JSONResponse(handle(json.loads(body)))
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"error": "not a question"}, status_code=400)

    return answer


async def _body(request: Request) -> bytes | None:
    """Return the body, or None as soon as it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            return None
    return bytes(body)


async def _health(_: Request) -> Response:
    """Tell that the server runs."""
    return JSONResponse({"status": "ok"})


def _set_fault(department: Department) -> Callable[[Request], Awaitable[Response]]:
    """Return the route by which a test makes the department misbehave: ``{"fault": "slow"}``."""

    async def answer(request: Request) -> Response:
        body = await _body(request)
        if not department.is_admin(request) or body is None:
            return JSONResponse({"error": "not found"}, status_code=404)
        try:
            fault = json.loads(body)["fault"]
        except (ValueError, KeyError, TypeError):
            fault = None
        if fault not in get_args(Fault):
            return JSONResponse({"error": f"fault is one of {', '.join(get_args(Fault))}"}, status_code=400)
        department.fault = fault
        return JSONResponse({"fault": fault})

    return answer


def _payments(department: Department) -> Callable[[Request], Awaitable[Response]]:
    """Return the route by which a test looks into the books: the payment of each paid bill."""

    async def answer(request: Request) -> Response:
        if not department.is_admin(request):
            return JSONResponse({"error": "not found"}, status_code=404)
        return JSONResponse(department.books.paid())

    return answer


def _cny(amount_minor: int) -> dict[str, Any]:
    """Return an amount as the department writes it."""
    return {"amount_minor": amount_minor, "currency": "CNY"}


def _local_day(at: datetime) -> date:
    """Return the day in Linhai (China Standard Time, UTC+8)."""
    return (at + timedelta(hours=8)).date()
