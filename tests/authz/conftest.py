"""A small city for the authorization matrix: a real platform, a real department, one citizen with something to hide."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
import uvicorn
from pydantic import SecretStr

from shimin import connectors, consent, identity, messages, payments, releases
from shimin.assembly import Platform, open_platform
from shimin.config import Settings, SourceSettings
from shimin.connectors import CallRecord, DeclaredConnector, SetSecret, connector_id
from shimin.consent import DocumentTerms
from shimin.demo.department import department_app
from shimin.demo.residents import Resident, load_residents
from shimin.identity import Appointment, Capacity
from shimin.kit.call import ANONYMOUS, Actor, Call, Role, system_call
from shimin.kit.digest import sha256_id
from shimin.kit.ids import CitizenId, DepartmentId, new_id
from shimin.kit.money import Money
from shimin.messages import SenderKind, SendMessage
from shimin.payments import BillDetails, RequestPayment
from shimin.releases.rows import insert_release
from shimin_graphql.context import Context
from shimin_graphql.engine.documents import Document
from shimin_graphql.engine.reply import Reply

APP = "linhai.hrss.social-security"
DEPARTMENT = DepartmentId("hrss.linhai")
OTHER_DEPARTMENT = DepartmentId("police.linhai")
SECRET = b"the department's secret of a test"
NONCE = "device-nonce-of-the-citizen"
NEW_PHONE = "+8619900009998"
AUDIT_TABLES = frozenset({"audit_head", "audit_entry", "audit_platform_entry"})


@dataclass
class World:
    """The city: who there is, what the citizen owns, and a way to ask the schema something as anybody."""

    platform: Platform
    resident: Resident
    calls: dict[str, Call] = field(default_factory=dict)
    owned: dict[str, str] = field(default_factory=dict)
    """Ids and secrets of the citizen and of things under review, by name."""

    @property
    def markers(self) -> list[str]:
        """Texts that only the citizen may ever be shown."""
        resident, balances = self.resident, (self.resident.pension_balance_minor, self.resident.medical_balance_minor)
        named = ("citizen", "session", "message", "payment", "grant")
        return [
            *(self.owned[name] for name in named),
            resident.phone[3:],
            resident.id_number,
            resident.name_zh_hans,
            *(f'"{balance}"' for balance in balances),
        ]

    def compile(self, text: str) -> Document:
        """Make a document ready to run."""
        compiled: Document = self.platform.edge.documents.compile(text)
        return compiled

    async def ask(self, who: str, text: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run a document as somebody; return the response as a client gets it, by whatever tier answers it."""
        context = Context(call=self.calls[who], platform=self.platform)
        reply: Reply = await self.platform.edge.engine.reply(self.compile(text), variables, context)
        answer: Mapping[str, Any] = orjson.loads(reply.body)
        return answer

    async def register(self, text: str) -> None:
        """Make a document one of the citizen's mini-app's own, not consented to."""
        terms = DocumentTerms(
            document_id=self.compile(text).id,
            name="asked.graphql",
            scopes=self.compile(text).scopes.scopes,
            purpose={"zh-Hans": "显示", "en": "Show it"},
            retention="P0D",
        )
        async with self.platform.db.unit() as unit:
            await consent.register_documents(
                unit, release_id=self.owned["release"], app_id=APP, documents=[terms], clock=self.platform.clock
            )

    async def hear(self, who: str, text: str, *, wait_s: float) -> Mapping[str, Any] | None:
        """Subscribe as somebody while a message arrives for the citizen; None where nothing is heard."""
        context = Context(call=self.calls[who], platform=self.platform)
        stream = self.platform.edge.engine.stream(self.compile(text), {}, context)
        listening = asyncio.ensure_future(anext(stream))
        while not listening.done() and wait_s > 0:
            await messages.announce(
                CitizenId(self.owned["citizen"]), self.owned["message"], pubsub=self.platform.pubsub
            )
            await asyncio.wait({listening}, timeout=0.05)
            wait_s -= 0.05
        heard: Mapping[str, Any] | None = listening.result() if listening.done() else None
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        await stream.aclose()
        return heard

    async def fingerprint(self) -> dict[str, str]:
        """Return a digest of every table's content: equal before and after means that nothing was changed."""
        listing = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            if self.platform.db.engine == "sqlite"
            else "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
        )
        digests: dict[str, str] = {}
        async with self.platform.db.reader() as reader:
            for table in [row["name"] for row in await reader.fetch(listing)]:
                if not re.fullmatch(r"[a-z_]+", table) or "_fts" in table:
                    continue
                rows = sorted(str(dict(row)) for row in await reader.fetch(f'SELECT * FROM "{table}"'))  # noqa: S608
                digests[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
        return digests


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Open a platform on a fresh database, beside a real department's server, and settle the city."""
    async with serving_department(tmp_path / "department.json") as url:
        source = SourceSettings(url=url, secret=SecretStr(SECRET.decode()))
        settings = Settings(
            data_dir=tmp_path / "data",
            database_url=SecretStr(database_url),
            sources={"population": source, "hrss": source},
            worker="separate",
        )
        async with open_platform(settings) as platform:
            yield await settle(platform)


@asynccontextmanager
async def serving_department(state: Path) -> AsyncIterator[str]:
    """Run the department's server on a free port."""
    config = uvicorn.Config(department_app(state, SECRET), port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


async def settle(platform: Platform) -> World:
    """Register citizens and staff, and give the citizen a session, a message, a payment and a consent."""
    mine, theirs = load_residents()[:2]
    world = World(platform, mine)
    world.calls["anonymous"] = Call(actor=ANONYMOUS)
    for name, resident in (("citizen", mine), ("other_citizen", theirs)):
        world.calls[name] = await citizen(platform, resident)
    world.owned["citizen"] = world.calls["citizen"].actor.id
    await staff(world)
    await belongings(world)
    await uploads(world)
    world.calls["miniapp"] = world.calls["citizen"].for_release(
        app_id=APP, release_id=world.owned["release"], department_id=DEPARTMENT
    )
    return world


async def citizen(platform: Platform, resident: Resident) -> Call:
    """Register a citizen and confirm their real name at the department's population register."""
    async with platform.db.unit() as unit:
        citizen_id = await identity.register(system_call(), resident.phone, unit=unit, clock=platform.clock)
    call = Call(actor=Actor(kind="citizen", id=citizen_id, citizen_id=citizen_id, assurance=2), locale="en")
    await identity.confirm_real_name(
        call, resident.name_zh_hans, resident.id_number, db=platform.db, source=platform.source, clock=platform.clock
    )
    return replace(call, session_id=await sign_in(platform, resident.phone))


STAFF: Mapping[str, tuple[Role, DepartmentId | None]] = {
    "developer": ("developer", DEPARTMENT),
    "other_developer": ("developer", OTHER_DEPARTMENT),
    "reviewer": ("reviewer", None),
    "releaser": ("releaser", None),
    "auditor": ("auditor", None),
    "ad_hoc_documents": ("ad_hoc_documents", None),
}


async def staff(world: World) -> None:
    """Appoint one holder of each office, and a developer of another department."""
    for number, (name, (role, department)) in enumerate(STAFF.items()):
        office = Appointment(
            phone=f"+86199000080{number:02}",
            name="周岚",
            kind="member" if department else "operator",
            roles=frozenset({role}),
            department_id=department,
        )
        async with world.platform.db.unit() as unit:
            staff_id = await identity.appoint(system_call(), office, unit=unit, clock=world.platform.clock)
        world.calls[name] = Call(
            actor=Actor(kind=office.kind, id=staff_id, department_id=department, roles=office.roles, assurance=1),
            session_id=await sign_in(world.platform, office.phone, "staff"),
        )


async def ask_code(platform: Platform, phone: str) -> str:
    """Have a code sent; return it as the phone's holder reads it."""
    await identity.request_code(
        Call(actor=ANONYMOUS),
        identity.RequestCode(phone=phone, nonce=NONCE),
        db=platform.db,
        notifier=platform.notifier,
        cache=platform.cache,
        tokens=platform.tokens,
        clock=platform.clock,
    )
    assert platform.dev_inbox is not None
    return str(re.findall(r"\b[0-9]{6}\b", platform.dev_inbox.notices()[-1].body)[0])


async def sign_in(platform: Platform, phone: str, capacity: Capacity = "citizen") -> str:
    """Sign the holder of a number in; return the session's id."""
    proof = identity.SignIn(
        phone=phone, code=await ask_code(platform, phone), nonce=NONCE, device_name="Phone", capacity=capacity
    )
    signed_in = await identity.sign_in(
        Call(actor=ANONYMOUS), proof, db=platform.db, tokens=platform.tokens, clock=platform.clock
    )
    return signed_in.session.id


async def belongings(world: World) -> None:
    """Give the citizen what others would like to see or end."""
    platform, call = world.platform, world.calls["citizen"]
    world.owned["spare_session"] = await sign_in(platform, world.resident.phone)
    world.owned["session"] = str(call.session_id)
    world.owned["code"] = await ask_code(platform, NEW_PHONE)
    for name in ("payment", "payment_to_cancel"):
        world.owned[name] = new_id("pay")
        bill = BillDetails(
            source="hrss",
            department_id=DEPARTMENT,
            reference=f"bill-{name}",
            title="Contribution",
            payee="Social insurance",
            amount=Money(4200),
            due_on=date(2030, 1, 1),
            for_citizen=CitizenId(world.owned["citizen"]),
        )
        async with platform.db.unit() as unit:
            await payments.request(call, RequestPayment(world.owned[name], bill), unit=unit, clock=platform.clock)
    world.owned["message"] = new_id("msg")
    order = SendMessage(
        id=world.owned["message"],
        citizen_id=CitizenId(world.owned["citizen"]),
        sender_kind=SenderKind.DEPARTMENT,
        sender=DEPARTMENT,
        template="payment.failed",
        values={"subject": "Contribution", "amount": "42.00 CNY"},
        payment_id=world.owned["payment"],
    )
    async with platform.db.unit() as unit:
        await messages.send(system_call(), order, unit=unit, clock=platform.clock)


async def connector(world: World) -> None:
    """Declare a connector of the live release, with a secret and a request made by it."""
    platform, declared = world.platform, DeclaredConnector("hrss", "https://api.hrss.example")
    world.owned["connector"] = connector_id(APP, declared.name, declared.origin)
    async with platform.db.unit() as unit:
        await connectors.declare(
            unit,
            release_id=world.owned["release"],
            app_id=APP,
            department_id=DEPARTMENT,
            connectors=[declared],
            clock=platform.clock,
        )
        order = SetSecret(world.owned["connector"], "authorization", "Bearer of-the-department")
        await connectors.set_secret(system_call(), order, unit=unit, sealer=platform.sealer, clock=platform.clock)
        asked = CallRecord(platform.clock.now(), "hrss", "GET", "/v1/people/{}", "answered", 200, 0, 2, 5)
        guest = world.calls["citizen"].for_release(
            app_id=APP, release_id=world.owned["release"], department_id=DEPARTMENT
        )
        await connectors.record_calls(guest, [asked], unit=unit)


async def uploads(world: World) -> None:
    """Put a release into each state that somebody decides about, with a document the citizen consents to."""
    platform = world.platform
    states = {"READY": "ready", "IN_REVIEW": "in_review", "APPROVED": "approved", "LIVE": "release"}
    digest = sha256_id("package")
    for version, (state, name) in enumerate({**states, "IN_REVIEW ": "to_reject", "SUSPENDED": "suspended"}.items(), 1):
        world.owned[name] = new_id("rel")
        release = releases.Release(
            id=world.owned[name],
            app_id=APP,
            department_id=DEPARTMENT,
            version_code=version,
            version_name=f"1.{version}",
            name={"zh-Hans": "社保", "en": "Social security"},
            state=releases.State(state.strip()),
            digest=digest,
            uploaded_by=world.calls["developer"].actor.id,
            uploaded_at=platform.clock.now(),
            approved_by=None,
            findings=(),
            artifact=None,
        )
        async with platform.db.unit() as unit:
            await insert_release(unit, release, "packages/none.ma")
    world.owned["digest"] = digest
    await connector(world)
    terms = [
        DocumentTerms(
            document_id=sha256_id(name),
            name=f"{name}.graphql",
            scopes=("insurance.pension.balance",),
            purpose={"zh-Hans": "显示余额", "en": "Show the balance"},
            retention="P0D",
        )
        for name in ("granted", "to_grant", "to_refuse")
    ]
    async with platform.db.unit() as unit:
        await consent.register_documents(
            unit, release_id=world.owned["release"], app_id=APP, documents=terms, clock=platform.clock
        )
        decision = consent.Decide(app_id=APP, document_id=terms[0].document_id)
        grant = await consent.grant(world.calls["citizen"], decision, unit=unit, clock=platform.clock)
    world.owned["grant"] = grant.id
    world.owned |= {item.name.removesuffix(".graphql"): item.document_id for item in terms[1:]}
