"""``shimin connectors``: mini-apps' connectors and their secrets, for operators."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from shimin import connectors
from shimin.adapters.file_sealer import FileSealer
from shimin.assembly import open_migrated
from shimin.config import Settings, load_settings
from shimin.connectors import Connector, SetSecret
from shimin.db import Database, Unit
from shimin.kit.call import system_call
from shimin.kit.clock import SystemClock

app = typer.Typer(help="Mini-apps' connectors to departments' services.", no_args_is_help=True)
Made = TypeVar("Made")
ConnectorId = Annotated[str, typer.Argument(help="The connector's id, as list --json shows it (sha256:…).")]


@app.command("list")
def list_connectors(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List every connector: whose it is, where it leads, whether a secret is set. Secrets are never shown.

    Example: shimin connectors list --json
    """
    found = asyncio.run(_all(load_settings()))
    if as_json:
        typer.echo(json.dumps([_plain(item) for item in found], ensure_ascii=False))
        return
    table = Table("app", "name", "origin", "header", "set", "id", box=SIMPLE_HEAD)
    for item in found:
        at = f"{item.set_at:%Y-%m-%d} ({item.secret_version})" if item.set_at else "–"
        table.add_row(item.app_id, item.name, item.origin, item.header or "–", at, item.id[:19] + "…")
    Console().print(table)


@app.command("set")
def set_secret(
    connector_id: ConnectorId,
    header: Annotated[str, typer.Option(help="authorization, api-key or x-…")] = "authorization",
) -> None:
    """Set a connector's secret: asked for at a terminal, else one line of standard input; never an argument.

    Example: shimin connectors set sha256:9f86d0… --header x-api-key < key.txt
    """
    secret = typer.prompt("Secret", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    settings = load_settings()
    order = SetSecret(connector_id, header, secret)
    sealer = _sealer(settings)
    found = asyncio.run(
        _in_unit(
            settings,
            lambda unit: connectors.set_secret(system_call(), order, unit=unit, sealer=sealer, clock=SystemClock()),
        )
    )
    Console().print(f"{found.app_id} asks {found.origin} with {found.header} (version {found.secret_version}).")


@app.command("clear")
def clear_secret(connector_id: ConnectorId) -> None:
    """Forget a connector's secret.

    Example: shimin connectors clear sha256:9f86d0…
    """
    found = asyncio.run(
        _in_unit(
            load_settings(),
            lambda unit: connectors.clear_secret(system_call(), connector_id, unit=unit, clock=SystemClock()),
        )
    )
    Console().print(f"{found.app_id} asks {found.origin} without a secret.")


@app.command("roll-key")
def roll_key() -> None:
    """Make a new sealing key and seal every secret with it; older key files can then be removed.

    Servers that are running find the new key by themselves where they share the data folder.

    Example: shimin connectors roll-key
    """
    settings = load_settings()
    sealer = _sealer(settings)
    key = sealer.add_key()
    moved = asyncio.run(
        _in_unit(settings, lambda unit: connectors.reseal(system_call(), unit=unit, sealer=sealer, clock=SystemClock()))
    )
    Console().print(f"Key {key} seals from now on; secrets sealed anew: {moved}.")


def _sealer(settings: Settings) -> FileSealer:
    return FileSealer(settings.data_dir / "secrets" / "sealing")


async def _all(settings: Settings) -> list[Connector]:
    db = await open_migrated(settings.database)
    try:
        async with db.reader() as reader:
            return await connectors.all_connectors(reader)
    finally:
        await db.close()


async def _in_unit(settings: Settings, act: Callable[[Unit], Awaitable[Made]]) -> Made:
    db: Database = await open_migrated(settings.database)
    try:
        async with db.unit() as unit:
            return await act(unit)
    finally:
        await db.close()


def _plain(item: Connector) -> dict[str, object]:
    return {
        "id": item.id,
        "app_id": item.app_id,
        "department_id": item.department_id,
        "name": item.name,
        "origin": item.origin,
        "header": item.header,
        "secret_version": item.secret_version,
        "set_at": item.set_at.isoformat() if item.set_at else None,
    }
