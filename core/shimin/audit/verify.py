"""Proving the log: every entry recomputed, every link followed, every end compared."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shimin.audit import rows
from shimin.audit.model import GENESIS, entry_hash
from shimin.db import Reader

BREAKS_MAX = 100
"""A chain with more breaks than this is reported up to here."""

BreakKind = Literal["altered", "unlinked", "missing", "truncated", "head", "rewritten"]


@dataclass(frozen=True, slots=True)
class Break:
    """One place where a chain does not hold.

    ``altered``: the content does not give the hash. ``unlinked``: it does not name its predecessor.
    ``missing``: a number is skipped. ``truncated``: entries at the end are gone. ``head``: the recorded end is not
    the last entry. ``rewritten``: the entry an anchor remembers now has another hash.
    """

    seq: int
    kind: BreakKind


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of a chain as somebody outside noted it; a chain can only prove itself against one."""

    size: int
    hash: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What verifying one chain found; ``size`` and ``hash`` of an unbroken chain are its next anchor."""

    chain: str
    size: int
    hash: str
    breaks: tuple[Break, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.breaks


async def verify(reader: Reader, chain: str, *, anchor: Anchor | None = None) -> ChainReport:
    """Check a whole chain, in pages, so that memory stays small however long it is.

    Without an anchor a rewrite of the whole chain, or a truncation that also moved the head, cannot be seen:
    keep the reports outside the database and pass them back in.

    Args:
        reader: best a snapshot, so that entries written meanwhile do not look like breaks.
        chain: a citizen's id or ``PLATFORM_CHAIN``.
        anchor: an earlier end of this chain.
    """
    breaks: list[Break] = []
    seq, last_hash = 0, GENESIS
    anchored_hash: str | None = None
    async for entry in _entries(reader, chain):
        expected = seq + 1
        if entry["seq"] != expected:
            breaks.append(Break(expected, "missing"))
        if entry["previous_hash"] != last_hash:
            breaks.append(Break(entry["seq"], "unlinked"))
        if entry_hash(entry["previous_hash"], entry) != entry["hash"]:
            breaks.append(Break(entry["seq"], "altered"))
        seq, last_hash = entry["seq"], entry["hash"]
        if anchor and seq == anchor.size:
            anchored_hash = last_hash
        if len(breaks) >= BREAKS_MAX:
            break
    else:
        head = await rows.find_head(reader, chain)
        size, head_hash = head or (0, GENESIS)
        if seq < size:
            breaks.append(Break(seq + 1, "truncated"))
        elif (seq, last_hash) != (size, head_hash):
            breaks.append(Break(seq, "head"))
        if anchor and seq < anchor.size:
            breaks.append(Break(seq + 1, "truncated"))
        elif anchor and anchor.size and anchored_hash != anchor.hash:
            breaks.append(Break(anchor.size, "rewritten"))
    return ChainReport(chain=chain, size=seq, hash=last_hash, breaks=tuple(dict.fromkeys(breaks)))


async def chains(reader: Reader, *, known: Iterable[str] = ()) -> AsyncIterator[str]:
    """Yield the name of every chain once: those with a head or entries, then those only known from anchors."""
    missing = set(known)
    async for chain in rows.chain_names(reader):
        missing.discard(chain)
        yield chain
    for chain in sorted(missing):
        yield chain


async def _entries(reader: Reader, chain: str) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the chain's entries by number."""
    after = -1
    while page := await rows.entries_after(reader, chain, after):
        for entry in page:
            yield entry
        after = page[-1]["seq"]
