"""Facts wait here, written in the transaction that made them true, until the relay has delivered them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tortoise.fields.data import BigIntField, IntField
from tortoise.indexes import PartialIndex
from tortoise.models import Model

from shimin.db.fields import DocumentField, IdField, InstantField, dump_document
from shimin.kit.fact import Fact
from shimin.kit.ids import new_id

if TYPE_CHECKING:
    from shimin.db.unit import Reader, Unit


class OutboxRow(Model):
    """One fact on its way: open until every handler took it, then done, or dead after too many attempts."""

    seq = BigIntField(primary_key=True)
    id = IdField(unique=True)
    key = IdField()
    name = IdField()
    version = IntField()
    payload = DocumentField()
    state = IdField(db_default="open")
    attempts = IntField(db_default=0)
    created_at = InstantField()
    due_at = InstantField()
    leased_until = InstantField(null=True)
    lease_owner = IdField(null=True)
    done_at = InstantField(null=True)
    last_error = IdField(null=True)

    class Meta:
        """Names the table; partial indexes keep the relay's look at the open few cheap beside many done."""

        table = "outbox"
        indexes = (
            PartialIndex(fields=("key", "seq"), name="outbox_open_by_key", condition={"state": "open"}),
            PartialIndex(fields=("seq",), name="outbox_open_by_seq", condition={"state": "open"}),
            PartialIndex(fields=("done_at",), name="outbox_done", condition={"state": "done"}),
        )


async def emit(unit: "Unit", fact: Fact) -> None:
    """Write the fact to the outbox in the unit's transaction (the same as ``unit.emit``)."""
    await unit.emit(fact)


_INSERT = "INSERT INTO outbox (id, key, name, version, payload, created_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"


async def write_facts(unit: "Unit") -> None:
    """Write what the unit emitted, as its last statements before the commit.

    On PostgreSQL a lock per key, held until the commit, makes the numbering of a key's facts the order in which
    their transactions commit; without it a later number could become visible first. Keys are locked in one
    order by everybody and nothing is locked after them, so no two units can wait for each other here.
    """
    if not unit.facts:
        return
    if unit.engine == "postgres":
        keys = sorted({fact.key for fact in unit.facts})
        for key in keys:
            await unit.fetch("SELECT pg_advisory_xact_lock(hashtextextended('outbox:' || $1::text, 0))", key)
    now = unit.clock.now()
    rows: list[list[object]] = [
        [new_id("fct"), fact.key, fact.name, fact.version, dump_document(fact.to_payload()), now, now]
        for fact in unit.facts
    ]
    await unit.orm.execute_many(_INSERT, rows)


async def last_fact(reader: "Reader") -> int:
    """Return the highest number of a fact so far, 0 where there is none."""
    return int(await reader.fetch_value("SELECT coalesce(max(seq), 0) FROM outbox"))


async def facts_since(reader: "Reader", after: int, names: Sequence[str]) -> list[tuple[int, str]]:
    """Return number and name of each fact of these names that is numbered higher."""
    places = ", ".join(f"${number}" for number in range(2, len(names) + 2))
    found = await reader.fetch(
        f"SELECT seq, name FROM outbox WHERE seq > $1 AND name IN ({places}) ORDER BY seq",  # noqa: S608 - placeholders
        *(after, *names),
    )
    return [(row["seq"], row["name"]) for row in found]
