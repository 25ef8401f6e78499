"""``shimin ledger``: what the books say, and whether they are right."""

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shimin import ledger, payments
from shimin.assembly import open_migrated
from shimin.config import load_settings
from shimin.kit.money import Money

app = typer.Typer(help="The ledger: every unit of money, accounted for.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The ledger: every unit of money, accounted for."""


@app.command()
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Add everything up again from the entries and print accounts, sums and "balanced"; exit 1 if anything is wrong.

    Example: shimin ledger verify
    """
    report, mismatches = asyncio.run(_check(load_settings().database))
    wrong: list[tuple[str, str]] = [(finding.kind, finding.where) for finding in report.findings]
    wrong += [(mismatch.kind, mismatch.where) for mismatch in mismatches]
    if as_json:
        typer.echo(json.dumps(_plain(report, wrong), ensure_ascii=False, indent=2))
    else:
        _print(Console(), report, wrong)
    if wrong:
        raise typer.Exit(1)


async def _check(url: str) -> tuple[ledger.LedgerReport, list[payments.Mismatch]]:
    """Check ledger and payments as they were at one moment."""
    db = await open_migrated(url)
    try:
        async with db.reader(snapshot=True) as reader:
            return await ledger.verify(reader), await payments.verify(reader)
    finally:
        await db.close()


def _print(console: Console, report: ledger.LedgerReport, wrong: list[tuple[str, str]]) -> None:
    accounts = Table("account", "currency", "balance", "held", title="Accounts")
    for account in report.balance.accounts:
        accounts.add_row(account.id, account.currency, account.posted.decimal(), account.held.decimal())
    for column in (2, 3):
        accounts.columns[column].justify = "right"
    console.print(accounts)
    sums = Table("currency", "sum of balances", "sum of entries", title="Sums")
    for item in report.balance.sums:
        sums.add_row(item.currency, *(_decimal(n, item.currency) for n in (item.balances_minor, item.entries_minor)))
    for column in (1, 2):
        sums.columns[column].justify = "right"
    console.print(sums)
    counts = ", ".join(f"{count} {state}" for state, count in report.balance.transfers.items())
    console.print(f"Transfers: {counts or 'none'}")
    if not wrong:
        console.print("[bold green]balanced[/bold green]")
        return
    table = Table("what is wrong", "where", title="Findings")
    for kind, where in wrong:
        table.add_row(kind, where)
    console.print(table)
    console.print("[bold red]NOT balanced[/bold red]")


def _decimal(amount_minor: int, currency: str) -> str:
    return Money(amount_minor, currency).decimal()


def _plain(report: ledger.LedgerReport, wrong: list[tuple[str, str]]) -> dict[str, object]:
    return {
        "balanced": not wrong,
        "accounts": [
            {
                "id": account.id,
                "currency": account.currency,
                "balance_minor": account.posted.amount_minor,
                "held_minor": account.held.amount_minor,
            }
            for account in report.balance.accounts
        ],
        "sums": [
            {
                "currency": sums.currency,
                "balances_minor": sums.balances_minor,
                "entries_minor": sums.entries_minor,
            }
            for sums in report.balance.sums
        ],
        "transfers": dict(report.balance.transfers),
        "findings": [{"kind": kind, "where": where} for kind, where in wrong],
    }
