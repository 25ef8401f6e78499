"""``shimin migrate``: bring the database to this version."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from shimin.assembly import MODELS
from shimin.config import load_settings
from shimin.db import make_migration, pending
from shimin.db import migrate as run


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say what would be done; exit 1 if anything.")] = False,
    make: Annotated[str, typer.Option(help="For developers: write the migration that the models call for.")] = "",
) -> None:
    """Apply the migrations that the database does not have yet; safe to repeat.

    Example: shimin migrate --check
    """
    if make:
        made = asyncio.run(make_migration(make, models=MODELS))
        Console().print(f"wrote [bold]{made}[/bold]" if made else "The migrations already say what the models say.")
        return
    settings = load_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    console = Console()
    if check:
        waiting = asyncio.run(pending(settings.database))
        for name in waiting:
            console.print(f"would apply [bold]{name}[/bold]")
        if waiting:
            raise typer.Exit(1)
        console.print("The database is up to date.")
        return
    applied = asyncio.run(run(settings.database))
    for name in applied:
        console.print(f"applied [bold]{name}[/bold]")
    if not applied:
        console.print("The database is up to date.")
