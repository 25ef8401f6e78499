"""The home screen as a team writes it first: Strawberry's own view, Tortoise models, a data loader, PyJWT.

It follows the documentation of each library and nothing more: documents are parsed and validated as they come, every
field is resolved by itself, tokens are verified each time.
"""

import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import jwt
import strawberry
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.types import Info
from tortoise import Tortoise, fields
from tortoise.models import Model

from shimin.kit.text import pick_locale

KEY: Any = load_pem_public_key(os.environ["BENCH_PUBLIC_KEY"].encode())
WORDS = json.loads(os.environ["BENCH_WORDS"])


class Citizen(Model):
    citizen_id = fields.CharField(64, primary_key=True)
    name_masked = fields.TextField(null=True)

    class Meta:  # noqa: D106 - a declaration of Tortoise
        table = "identity_citizen"


class MessageRow(Model):
    row_key = fields.CharField(128, primary_key=True)
    citizen_id = fields.CharField(64)
    id = fields.CharField(64)
    sender_kind = fields.CharField(32)
    sender = fields.CharField(64)
    template = fields.TextField()
    slot_values = fields.TextField()
    sent_at = fields.DatetimeField()
    read_at = fields.DatetimeField(null=True)

    class Meta:  # noqa: D106 - a declaration of Tortoise
        table = "message"


class BillRow(Model):
    id = fields.CharField(64, primary_key=True)
    for_citizen = fields.CharField(64)
    title = fields.TextField()
    amount_minor = fields.BigIntField()
    currency = fields.CharField(3)
    due_on = fields.CharField(10)
    state = fields.CharField(16)

    class Meta:  # noqa: D106 - a declaration of Tortoise
        table = "payment_bill"


class DepartmentRow(Model):
    id = fields.CharField(64, primary_key=True)
    name = fields.TextField()

    class Meta:  # noqa: D106 - a declaration of Tortoise
        table = "department"


class ReleaseRow(Model):
    id = fields.CharField(64, primary_key=True)
    app_id = fields.CharField(64)
    department_id = fields.CharField(64)
    name = fields.TextField()
    version_name = fields.TextField()

    class Meta:  # noqa: D106 - a declaration of Tortoise
        table = "release"


class LiveRelease(Model):
    app_id = fields.CharField(64, primary_key=True)
    release_id = fields.CharField(64)

    class Meta:  # noqa: D106 - a declaration of Tortoise
        table = "live_release"


def locale(info: Info) -> str:
    """Return the caller's language."""
    found: str = info.context["locale"]
    return found


def citizen(info: Info) -> str:
    """Return who asks."""
    found: str = info.context["citizen"]
    return found


def as_text(at: datetime | None) -> str | None:
    """Write a moment as the comparison wants it."""
    if at is None:
        return None
    fraction = f".{at.microsecond:06}".rstrip("0").rstrip(".")
    return f"{at:%Y-%m-%dT%H:%M:%S}{fraction}+00:00"


@strawberry.type
class Department:
    id: strawberry.ID
    names: strawberry.Private[dict[str, str]]

    @strawberry.field
    def name(self, info: Info) -> str:
        """Say the name in the caller's language."""
        return self.names[locale(info)]


@strawberry.type
class Message:
    row: strawberry.Private[MessageRow]

    @strawberry.field
    def id(self) -> strawberry.ID:
        """Name the message."""
        return strawberry.ID(self.row.id)

    @strawberry.field
    def title(self, info: Info) -> str:
        """Say the title."""
        return self._say("title", info)

    @strawberry.field
    def body(self, info: Info) -> str:
        """Say the body."""
        return self._say("body", info)

    @strawberry.field
    def sent_at(self) -> str | None:
        """Say when it was sent."""
        return as_text(self.row.sent_at)

    @strawberry.field
    def read_at(self) -> str | None:
        """Say when it was read."""
        return as_text(self.row.read_at)

    @strawberry.field
    async def department(self, info: Info) -> Department | None:
        """Find the sender."""
        if self.row.sender_kind != "DEPARTMENT":
            return None
        found: Department | None = await info.context["departments"].load(self.row.sender)
        return found

    def _say(self, part: str, info: Info) -> str:
        words: str = WORDS[self.row.template][part][locale(info)]
        return words.format(**json.loads(self.row.slot_values))


@strawberry.type
class Money:
    amount_minor: str
    currency: str


@strawberry.type
class Bill:
    id: strawberry.ID
    title: str
    amount: Money
    due_on: str


@strawberry.type
class MessageEdge:
    node: Message


@strawberry.type
class Inbox:
    edges: list[MessageEdge]


@strawberry.type
class BillEdge:
    node: Bill


@strawberry.type
class Bills:
    edges: list[BillEdge]


@strawberry.type
class MiniApp:
    id: strawberry.ID
    department_id: strawberry.ID
    version: str
    names: strawberry.Private[dict[str, str]]

    @strawberry.field
    def name(self, info: Info) -> str:
        """Say the name in the caller's language."""
        return self.names[locale(info)]


@strawberry.type
class Viewer:
    id: strawberry.ID
    name: str | None


@strawberry.type
class Query:
    @strawberry.field
    async def viewer(self, info: Info) -> Viewer:
        """Find the caller."""
        row = await Citizen.get(citizen_id=citizen(info))
        return Viewer(id=strawberry.ID(row.citizen_id), name=row.name_masked)

    @strawberry.field
    async def unread_count(self, info: Info) -> int:
        """Count what is unread."""
        return await MessageRow.filter(citizen_id=citizen(info), read_at=None).count()

    @strawberry.field
    async def inbox(self, info: Info, first: int = 10) -> Inbox:
        """List the newest messages."""
        rows = await MessageRow.filter(citizen_id=citizen(info)).order_by("-id").limit(first)
        return Inbox(edges=[MessageEdge(node=Message(row=row)) for row in rows])

    @strawberry.field
    async def bills(self, info: Info, first: int = 5) -> Bills:
        """List what is to be paid."""
        rows = await BillRow.filter(for_citizen=citizen(info), state="OPEN").order_by("due_on", "id").limit(first)
        return Bills(edges=[BillEdge(node=_bill(row)) for row in rows])

    @strawberry.field
    async def mini_apps(self, first: int = 20) -> list[MiniApp]:
        """List the mini-apps that are live."""
        live = await LiveRelease.all().order_by("app_id").limit(first)
        releases = {row.id: row for row in await ReleaseRow.filter(id__in=[row.release_id for row in live])}
        return [_mini_app(releases[row.release_id]) for row in live]


def _bill(row: BillRow) -> Bill:
    amount = Money(amount_minor=str(row.amount_minor), currency=row.currency)
    return Bill(id=strawberry.ID(row.id), title=row.title, amount=amount, due_on=row.due_on)


def _mini_app(row: ReleaseRow) -> MiniApp:
    return MiniApp(
        id=strawberry.ID(row.app_id),
        department_id=strawberry.ID(row.department_id),
        version=row.version_name,
        names=json.loads(row.name),
    )


async def load_departments(ids: Sequence[str]) -> list[Department | None]:
    """Find departments by their ids, many at once."""
    rows = await DepartmentRow.filter(id__in=list(ids))
    found = {row.id: Department(id=strawberry.ID(row.id), names=json.loads(row.name)) for row in rows}
    return [found.get(one) for one in ids]


class View(GraphQL):
    """Strawberry's view with who asks in the context."""

    async def get_context(self, request: Request, response: Response) -> Any:  # type: ignore[override]
        """Verify the token."""
        claims = jwt.decode(
            request.headers["authorization"].removeprefix("Bearer "),
            KEY,
            algorithms=["ES256"],
            audience=os.environ["BENCH_AUDIENCE"],
            issuer=os.environ["BENCH_ISSUER"],
        )
        return {
            "request": request,
            "response": response,
            "citizen": claims["sub"],
            "locale": pick_locale(request.headers.get("accept-language")),
            "departments": DataLoader(load_fn=load_departments),
        }


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Connect for as long as the server runs."""
    url = os.environ["BENCH_DATABASE_URL"].replace("postgresql://", "asyncpg://", 1)
    await Tortoise.init(
        db_url=f"{url}?minsize=1&maxsize={os.environ['BENCH_POOL_SIZE']}",
        modules={"models": [__name__]},
        use_tz=True,
        timezone="UTC",
        _enable_global_fallback=True,  # as Tortoise's own integration with Starlette says
    )
    try:
        yield
    finally:
        await Tortoise.close_connections()


app = Starlette(routes=[Route("/graphql", View(strawberry.Schema(Query)))], lifespan=lifespan)
