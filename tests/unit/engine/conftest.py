"""A small schema of its own, so that the engine is tested without any domain."""

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from shimin.kit.refusal import InvalidInput
from shimin_graphql.context import Info
from shimin_graphql.engine.documents import Documents
from shimin_graphql.types.access import ANYONE, CITIZEN, personal
from shimin_graphql.types.base import SCALARS, Connection, field, mutation


@strawberry.type
class Account:
    owner: str
    balance: int = personal("bank.balance")

    @strawberry.field
    def parent(self) -> "Account":
        return self


@strawberry.type
class Query:
    @field(allow=ANYONE)
    async def hello(self, info: Info, name: str = "x") -> str:  # noqa: ARG002
        """Greet."""
        return f"hello {name}"

    @field(allow=CITIZEN)
    async def account(self, info: Info) -> Account:  # noqa: ARG002
        """Show an account."""
        return Account(owner="o", balance=5)

    @field(allow=ANYONE)
    async def accounts(self, info: Info) -> Connection[Account]:  # noqa: ARG002
        """Show accounts."""
        return Connection[Account].of([("c1", Account(owner="o", balance=5))], has_next=False)

    @field(allow=ANYONE)
    async def broken(self, info: Info) -> str:  # noqa: ARG002
        """Fail with something that must not be seen."""
        raise RuntimeError("password=hunter2")


@strawberry.input
class RenameInput:
    name: str


@strawberry.type
class Mutation:
    @mutation(allow=ANYONE, refuses=[InvalidInput])
    async def rename(self, info: Info, input: RenameInput) -> Account:  # noqa: A002, ARG002
        """Rename an account."""
        if not input.name:
            raise InvalidInput(field="name", reason="empty")
        return Account(owner=input.name, balance=1)


SCHEMA = strawberry.Schema(query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=dict(SCALARS)))


@pytest.fixture
def documents() -> Documents:
    return Documents(SCHEMA._schema)
