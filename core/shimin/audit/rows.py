"""Tables of the log and the only statements that write them: one that appends, none that changes."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from tortoise import fields
from tortoise.models import Model

from shimin.audit.model import GENESIS, PLATFORM_CHAIN
from shimin.db import DocumentField, IdField, InstantField, Reader, Unit

PAGE = 500


class AuditHead(Model):
    """The present end of each chain; its row is the lock that keeps appends in order."""

    chain = IdField(primary_key=True)
    size = fields.BigIntField()
    hash = fields.CharField(max_length=64)

    class Meta:
        """One row a chain."""

        app = "shimin"
        table = "audit_head"


class _Entry(Model):
    """What both tables of entries hold."""

    id = IdField(primary_key=True)
    chain = IdField()
    seq = fields.BigIntField()
    citizen_id = IdField(null=True)
    at = InstantField()
    action = fields.CharField(max_length=64)
    outcome = fields.CharField(max_length=16)
    actor_kind = fields.CharField(max_length=16)
    actor_id = IdField()
    app_id = IdField(null=True)
    department_id = IdField(null=True)
    document_id = IdField(null=True)
    trace_id = IdField()
    subject = IdField()
    scopes = DocumentField()
    purpose = DocumentField()
    basis = IdField()
    source = IdField()
    freshness = fields.CharField(max_length=8)
    details = DocumentField()
    previous_hash = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)

    class Meta:
        """No table of its own."""

        abstract = True


class AuditEntry(_Entry):
    """One entry about a citizen."""

    class Meta:
        """Distributed by citizen, whose id is the chain's name."""

        app = "shimin"
        table = "audit_entry"
        unique_together = (("chain", "seq"),)
        indexes = (("citizen_id", "seq"),)


class AuditPlatformEntry(_Entry):
    """One entry that is about no single citizen: a table of its own, so that who reads it can never see the others."""

    class Meta:
        """One chain only."""

        app = "shimin"
        table = "audit_platform_entry"
        unique_together = (("chain", "seq"),)


def _table(chain: str) -> type[_Entry]:
    """Return the table a chain's entries are in."""
    return AuditPlatformEntry if chain == PLATFORM_CHAIN else AuditEntry


async def advance_head(unit: Unit, chain: str) -> tuple[int, str]:
    """Take the chain's next number, locking the chain until the unit ends; return it with the present end's hash."""
    await unit.execute(
        "INSERT INTO audit_head (chain, size, hash) VALUES ($1, 0, $2) ON CONFLICT (chain) DO NOTHING", chain, GENESIS
    )
    taken = await unit.fetch_one("UPDATE audit_head SET size = size + 1 WHERE chain = $1 RETURNING size, hash", chain)
    if taken is None:
        message = f"the head of chain {chain} vanished"
        raise AssertionError(message)
    return taken["size"], taken["hash"]


async def insert_entry(unit: Unit, content: Mapping[str, Any], *, previous_hash: str, new_hash: str) -> None:
    """Write the entry and make it the chain's end; only valid for the number ``advance_head`` gave this unit."""
    await _table(content["chain"]).create(using_db=unit.orm, previous_hash=previous_hash, hash=new_hash, **content)
    moved = await unit.execute(
        "UPDATE audit_head SET hash = $1 WHERE chain = $2 AND size = $3 AND hash = $4",
        *(new_hash, content["chain"], content["seq"], previous_hash),
    )
    if moved != 1:
        message = f"the head of chain {content['chain']} was moved by somebody else"
        raise AssertionError(message)


async def find_head(reader: Reader, chain: str) -> tuple[int, str] | None:
    """Return how long the chain is and the hash of its end."""
    row = await reader.fetch_one("SELECT size, hash FROM audit_head WHERE chain = $1", chain)
    return (row["size"], row["hash"]) if row else None


async def entries_after(reader: Reader, chain: str, seq: int) -> list[dict[str, Any]]:
    """Return the chain's next page of entries, every column of each."""
    found = _table(chain).filter(chain=chain, seq__gt=seq).order_by("seq").limit(PAGE)
    return await found.using_db(reader.orm).values()


async def chain_names(reader: Reader) -> AsyncIterator[str]:
    """Yield each chain that has a head or an entry, in order."""
    after = ""
    while True:
        page = await reader.fetch(
            f"SELECT chain FROM (SELECT chain FROM audit_head WHERE chain > $1 UNION"  # noqa: S608 - a constant
            f" SELECT chain FROM audit_entry WHERE chain > $1 UNION"
            f" SELECT chain FROM audit_platform_entry WHERE chain > $1) AS named ORDER BY chain LIMIT {PAGE}",
            after,
        )
        for row in page:
            yield row["chain"]
        if len(page) < PAGE:
            return
        after = page[-1]["chain"]
