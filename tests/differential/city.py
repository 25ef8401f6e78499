"""A small and nasty city: rows of every view that may be read, with the texts, nulls and figures that break things."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import orjson
from tortoise.fields import BigIntField, IntField, SmallIntField
from tortoise.models import Model

from shimin.audit.rows import AuditEntry, AuditPlatformEntry
from shimin.catalogue import import_guides
from shimin.connectors.rows import ConnectorCallRow, ConnectorRow
from shimin.consent import GrantState
from shimin.consent.rows import ConsentGrant
from shimin.db import Database, DocumentField, InstantField, MoneyField
from shimin.departments.rows import DepartmentRow
from shimin.identity.rows import CitizenRow, PersonRow, SessionRow, StaffRow
from shimin.kit.call import ANONYMOUS, Actor, Call, Locale, Role, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import CitizenId, DepartmentId
from shimin.messages.rows import MessageRow
from shimin.payments import PaymentState
from shimin.payments.rows import PaymentBill, PaymentRow
from shimin.ports.source import SourceAnswer, SourceQuestion
from shimin.releases.rows import LiveReleaseRow, ReleaseRow

LIN, WU, NEW, GONE = (CitizenId(f"ctz_{name}") for name in ("lin", "wu", "new", "gone"))
"""One with rows of everything, one with a few, one with none, one without even a profile."""
TEXTS = (
    "社保缴费",
    "quotes \" and \\ and / and ' and ` and $1 ?1 %s {braces}",
    "emoji 👩‍👩‍👧‍👦 🏳️‍🌈 𠮷",
    "\u202eright to left\u202c שלום مرحبا",
    "control \x01\x02\x08\x0b\x0c\x1b\x1f\x7f\x80\x9f",
    "lines\r\nand\ttabs\u2028and\u2029separators\ufeff",
    "combining e\u0301 \u1e69\u0323 İıſ ﷽ \uffff \U0010ffff",
    "<script>&amp;</script> --; DROP TABLE x; /* */",
    " padded ",
    "null",
    "x" * 5000,
    "长" * 1000,
    "",
)
NUL = "a NUL \x00 that only a document can hold"
WORDS: Sequence[Mapping[str, object]] = (
    {"zh-Hans": "人社局", "en": "Social security"},
    {"zh-Hans": "只有中文"},
    {"en": "English alone"},
    {"zh-Hans": "", "en": ""},
    {"zh-Hans": "有", "en": ""},
    {"zh-Hans": None, "en": "null in Chinese"},
    {},
    {"zh-Hans": TEXTS[1], "en": TEXTS[4]},
    {"zh-Hans": TEXTS[2], "en": TEXTS[3]},
    {"zh-Hans": NUL},
)
AMOUNTS = (0, 1, -1, 99, 100, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63))
FIGURES: Mapping[type, Sequence[object]] = {
    DocumentField: ({},),
    MoneyField: AMOUNTS,
    SmallIntField: (0, 1, 2, 2**15 - 1),
    IntField: (0, -1, 2**31 - 1),
}
"""What a column of a type holds where nothing else is said."""
MOMENTS = (
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(microseconds=500_000),
    timedelta(microseconds=120_000),
    timedelta(microseconds=999_999),
    timedelta(days=-400, seconds=1),
    timedelta(days=-1),
)
"""Around the fixed noon; few, so that rows share them."""
DEPARTMENTS = tuple(DepartmentId(name) for name in ("hrss.linhai", "tax", 'odd"\\dept', "部门"))
SCOPES: Sequence[Sequence[str]] = (
    ["insurance.pension.balance"],
    ["no.such.scope", "insurance.pension.balance"],
    [],
    ["x" * 300, TEXTS[1]],
)
NULLS = 0.4
"""How often a column is null where it may be."""
BELONGS_APART = (frozenset({"socialInsurance", "accessLog"}),)
"""Reading one's records is itself written into the log: no document of a comparison asks both."""
MESSAGES, PAYMENTS, BILLS, ENTRIES, RELEASES = 130, 25, 15, 24, 12


HELD: Mapping[str, Any] = {
    "match": True,
    "pension": {"balance": {"amount_minor": 2**40, "currency": "CNY"}, "months_paid": 120},
    "medical": None,
    "bills": [
        {"reference": "R1", "title_zh_hans": TEXTS[0], "title_en": TEXTS[1], "due_on": "2026-12-31", "state": "DUE"},
        {"reference": "R2", "amount": {"amount_minor": 1, "currency": "CNY"}},
    ],
}
"""What the department's system of record holds about the one person whose name is confirmed."""


class Office:
    """A department's system of record in this process: a source that always answers the same."""

    async def ask(self, question: SourceQuestion) -> SourceAnswer:  # noqa: ARG002 - there is one person only
        """Answer."""
        return SourceAnswer(HELD, as_of=datetime(2026, 11, 23, tzinfo=UTC))

    async def close(self) -> None:
        """Hold nothing open."""


class City:
    """Writes the city into a database; the same seed writes the same city."""

    def __init__(self, db: Database, clock: FixedClock, seed: int = 1) -> None:
        self._db = db
        self._clock = clock
        self._random = Random(seed)  # noqa: S311 - not for secrets
        self._number = 0

    async def found(self) -> None:
        """Write everything."""
        for department in DEPARTMENTS:
            await self._add(DepartmentRow, id=department, name=self._words())
        await self._people()
        for citizen, share in ((LIN, 1.0), (WU, 0.2)):
            await self._affairs(citizen, share)
        await self._offices()
        guides = b"".join(orjson.dumps(line) + b"\n" for line in _guides())
        await import_guides(system_call(), io.BytesIO(guides), db=self._db, clock=self._clock)

    async def _people(self) -> None:
        for number, citizen in enumerate((LIN, WU, NEW)):
            await self._add(CitizenRow, citizen_id=citizen, assurance=(2, 1, 1)[number], phone=f"+86{number}")
            for subject in (citizen, f"stf_{number}"):
                for _ in range(6):
                    await self._add(SessionRow, subject_id=subject)
            await self._add(SessionRow, id=session_of(citizen), subject_id=citizen, revoked_at=None)
        await self._add(PersonRow, citizen_id=LIN)

    async def _affairs(self, citizen: CitizenId, share: float) -> None:
        for number in range(int(MESSAGES * share)):
            receipt = number % 2 == 0
            slots = ("subject", "amount", *(("receipt_number", "payee", "paid_at") if receipt else ()))
            await self._add(
                MessageRow,
                citizen_id=citizen,
                id=f"msg_{self._number:032x}",
                sender_kind=self._pick("PLATFORM", "DEPARTMENT", "MINI_APP"),
                sender=self._pick(*DEPARTMENTS, "platform", "no.such.department"),
                template="payment.receipt" if receipt else "payment.failed",
                slot_values={slot: self._pick(*TEXTS, NUL) for slot in slots},
            )
        for _ in range(int(PAYMENTS * share)):
            state = self._pick(*PaymentState)
            await self._add(PaymentRow, citizen_id=citizen, state=state, app_id=self._pick("linhai.bus", None))
        for number in range(int(BILLS * share)):
            await self._add(
                PaymentBill,
                for_citizen=citizen,
                department_id=self._pick(*DEPARTMENTS, "no.such.department"),
                state=self._pick("OPEN", "OPEN", "PAID", "VOID"),
                due_on=f"20{26 + number % 2}-0{1 + number % 9}-28",
            )
        for number in range(int(ENTRIES * share)):
            await self._entry(AuditEntry, citizen, number)
            await self._add(
                ConsentGrant,
                citizen_id=citizen,
                state=self._pick("GRANTED", *GrantState),
                scopes=self._pick(*SCOPES),
                purpose=self._words(),
            )

    async def _offices(self) -> None:
        for number in range(ENTRIES):
            await self._entry(AuditPlatformEntry, None, number)
        for number in range(3):
            department = DEPARTMENTS[0] if number < 2 else None
            await self._add(StaffRow, id=f"stf_{number}", department_id=department, roles=[], kind="member")
        for number in range(RELEASES):
            release = await self._add(
                ReleaseRow,
                name=self._words(),
                department_id=self._pick(*DEPARTMENTS),
                state=self._pick("DRAFT", "LIVE", "IN_REVIEW"),
                findings=[self._pick(*TEXTS, NUL) for _ in range(number % 4)],
            )
            if number % 3:
                await self._add(LiveReleaseRow, app_id=f"app.{number}{release.app_id[:40]}", release_id=release.id)

        for number in range(4):
            await self._add(ConnectorRow, department_id=DEPARTMENTS[number % 2])
            await self._add(ConnectorCallRow, id=f"ccl_{number:032}", department_id=DEPARTMENTS[number % 2])

    async def _entry(self, table: type[Model], citizen: CitizenId | None, number: int) -> None:
        await self._add(
            table,
            chain=citizen or "platform",
            seq=1_000_000 + number,
            citizen_id=citizen,
            outcome=self._pick("allowed", "denied", "failed"),
            freshness=self._pick("live", "cached", "none"),
            scopes=self._pick(*SCOPES),
            purpose=self._words(),
            details=self._pick(
                {}, {"refusal": NUL}, {"refusal": "NOT_ALLOWED"}, {"refusal": None}, {"refusal": TEXTS[1]}
            ),
            basis=self._pick("own", "consent:x", "law:PIPL-13.1.2"),
            actor_kind=self._pick("citizen", "miniapp"),
            hash=f"{number}",
            previous_hash="",
            action="personal.read",
        )

    async def _add(self, table: type[Model], **given: object) -> Any:
        """Insert a row; a column that is not given holds something nasty of its type, or null where that may be."""
        self._number += 1
        together = {name for group in table._meta.unique_together for name in group}
        values = {
            name: given[name] if name in given else self._filled(name, field, unique=name in together)
            for name, field in table._meta.fields_map.items()
        }
        async with self._db.unit() as unit:
            return await table.create(using_db=unit.orm, **values)

    def _filled(self, name: str, field: Any, *, unique: bool) -> Any:
        if field.pk or field.unique or unique:
            return self._number if isinstance(field, IntField | BigIntField) else f"{name}_{self._number:06}"
        if field.null and self._random.random() < NULLS:
            return None
        if isinstance(field, InstantField):
            return self._moment()
        figures = next((choices for kind, choices in FIGURES.items() if isinstance(field, kind)), None)
        if figures is not None:
            return self._pick(*figures)
        return self._pick(*TEXTS)[: getattr(field, "max_length", None)]

    def _moment(self) -> datetime:
        away: timedelta = self._pick(*MOMENTS) + self._pick(timedelta(0), timedelta(days=40))
        return self._clock.at + away

    def _words(self) -> Mapping[str, object]:
        found: Mapping[str, object] = self._pick(*WORDS)
        return found

    def _pick(self, *choices: Any) -> Any:
        return self._random.choice(choices)


def session_of(citizen: CitizenId) -> str:
    """Return the session in which a citizen asks."""
    return f"ses_{citizen.encode().hex():0>32}"


def _guides() -> Sequence[Mapping[str, object]]:
    """Return lines in the shape of the published ones."""
    return [
        {
            "TASK_CODE": f"{number:031}A",
            "TASK_NAME": f"{text[:60]} 社保 {number}",
            "TASK_TYPE_TEXT": "行政许可" if number % 2 else "无",
            "DEPT_NAME": text[:40] or "县农业农村局",
            "AREACODE": "990102" if number % 3 else "",
            "AREA_CODE_TEXT": "临海市海东区",
            "theme_category": ["其他"],
            "service_object_name": ["自然人", "企业法人"] if number % 2 else [],
            "visit_number": f"{number % 4}",
            "handle_location": text[:200],
            "handle_time": f"{number}(工作日)",
            "accept_standard": text[:500],
            "consult_phone": "0500-5550301；0500-5550302" if number % 2 else "无",
            "courier_service": "是" if number % 2 else "否",
            "material_intro": [text[:50] or "无"] * (number % 3),
        }
        for number, text in enumerate(TEXTS * 2, 1)
    ]


def callers() -> Mapping[str, Call]:
    """Return who asks, by a name for reports; their traces stand still so that answers can be compared."""

    def citizen(who: CitizenId, locale: Locale, session: str | None = None, assurance: int = 2) -> Call:
        actor = Actor(kind="citizen", id=who, citizen_id=who, assurance=assurance)
        return Call(actor=actor, locale=locale, session_id=session, trace_id="trc")

    def staff(number: int, locale: Locale, *roles: Role, department: DepartmentId | None = None) -> Call:
        kind = "member" if department else "operator"
        actor = Actor(kind=kind, id=f"stf_{number}", roles=frozenset(roles), department_id=department)  # type: ignore[arg-type]
        return Call(actor=actor, locale=locale, session_id=f"ses_{number}", trace_id="trc")

    lin = citizen(LIN, "zh-Hans", session_of(LIN))
    return {
        "lin": lin,
        "lin in English": replace(lin, locale="en", session_id=None),
        "wu": citizen(WU, "en", assurance=1),
        "a new citizen": citizen(NEW, "zh-Hans"),
        "a citizen without a profile": citizen(GONE, "zh-Hans"),
        "nobody": Call(actor=ANONYMOUS, trace_id="trc"),
        "nobody in English": Call(actor=ANONYMOUS, locale="en", trace_id="trc"),
        "a member": staff(0, "zh-Hans", "developer", department=DEPARTMENTS[0]),
        "a member in English": staff(1, "en", "department_admin", "developer", department=DEPARTMENTS[1]),
        "an auditor": staff(2, "en", "auditor", "reviewer"),
        "an operator without a role": staff(9, "zh-Hans"),
        "a mini-app": lin.for_release(app_id="linhai.bus", release_id="rel_1", department_id=DEPARTMENTS[0]),
    }
