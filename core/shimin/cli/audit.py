"""``shimin audit``: proving the log."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from shimin import audit
from shimin.assembly import open_migrated
from shimin.audit import Anchor, ChainReport
from shimin.config import load_settings
from shimin.kit.refusal import InvalidInput

BROKEN_SHOWN_MAX = 50
ANCHORS_BYTES_MAX = 64 * 1024 * 1024

app = typer.Typer(help="The log of every access to personal data.", no_args_is_help=True)
app.callback()(lambda: None)


@app.command("verify")
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
    anchors: Annotated[
        Path | None, typer.Option(help="Chain ends noted earlier: finds truncated and rewritten chains too.")
    ] = None,
    anchors_out: Annotated[
        Path | None, typer.Option(help="Note the ends of unbroken chains here; keep the file elsewhere.")
    ] = None,
) -> None:
    """Recompute every chain of the log; exit 1 if one does not hold.

    Example: shimin audit verify --anchors last-week.json --anchors-out today.json
    """
    known = _read_anchors(anchors) if anchors else {}
    summary = asyncio.run(_verify_all(load_settings().database, known, collect=anchors_out is not None))
    if anchors_out:
        anchors_out.write_text(json.dumps(summary.anchors, indent=1, sort_keys=True) + "\n", "utf-8")
    if as_json:
        typer.echo(json.dumps(summary.plain(), ensure_ascii=False))
    else:
        _print(summary)
    if summary.broken:
        raise typer.Exit(1)


class Summary:
    """What verifying all chains found; holds only what is shown, however long the log is."""

    def __init__(self, *, collect: bool) -> None:
        """Start empty; ``collect``: keep every chain's end for a file of anchors."""
        self.chains = 0
        self.entries = 0
        self.broken = 0
        self.shown: list[ChainReport] = []
        self.anchors: dict[str, dict[str, Any]] = {}
        self._collect = collect

    def add(self, report: ChainReport) -> None:
        """Count one chain."""
        self.chains += 1
        self.entries += report.size
        if not report.holds:
            self.broken += 1
            self.shown = [*self.shown, report][:BROKEN_SHOWN_MAX]
        elif self._collect:
            self.anchors[report.chain] = {"size": report.size, "hash": report.hash}

    def plain(self) -> dict[str, Any]:
        """Return the figures and the broken chains as JSON values."""
        return {
            "chains": self.chains,
            "entries": self.entries,
            "broken": self.broken,
            "breaks": [
                {"chain": report.chain, "seq": item.seq, "kind": item.kind}
                for report in self.shown
                for item in report.breaks
            ],
        }


async def _verify_all(database: str, known: Mapping[str, Anchor], *, collect: bool) -> Summary:
    """Verify each chain in a snapshot of its own."""
    db = await open_migrated(database)
    summary = Summary(collect=collect)
    try:
        async with db.reader() as names:
            listed: AsyncIterator[str] = audit.chains(names, known=known)
            async for chain in listed:
                async with db.reader(snapshot=True) as reader:
                    summary.add(await audit.verify(reader, chain, anchor=known.get(chain)))
    finally:
        await db.close()
    return summary


def _read_anchors(path: Path) -> dict[str, Anchor]:
    """Read a file that ``--anchors-out`` wrote.

    Raises:
        INVALID_INPUT: it is no such file.
    """
    try:
        if path.stat().st_size > ANCHORS_BYTES_MAX:
            raise InvalidInput(field="--anchors", reason=f"larger than {ANCHORS_BYTES_MAX} bytes")
        found = json.loads(path.read_text("utf-8"))
        return {chain: Anchor(size=int(end["size"]), hash=str(end["hash"])) for chain, end in found.items()}
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        raise InvalidInput(field="--anchors", reason=f"{path.name} was not written by --anchors-out") from None


def _print(summary: Summary) -> None:
    """Print what was found, for a person."""
    console = Console()
    if summary.broken:
        table = Table("chain", "entry", "what is wrong")
        for report in summary.shown:
            for item in report.breaks:
                table.add_row(report.chain, str(item.seq), item.kind)
        console.print(table)
        console.print(f"[red]{summary.broken} of {summary.chains} chains do not hold[/red]")
        return
    console.print(f"{summary.entries} entries in {summary.chains} chains: every link holds")
