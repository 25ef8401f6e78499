"""``shimin release``: releases of mini-apps, for operators."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shimin import releases
from shimin.adapters.dev_notifier import DevelopmentOnly
from shimin.assembly import open_platform
from shimin.config import Settings, load_settings
from shimin.kit.call import system_call

app = typer.Typer(help="Releases of mini-apps.", no_args_is_help=True)


@app.command("list")
def list_releases(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the newest releases with their states.

    Example: shimin release list --json
    """
    found = asyncio.run(_all(load_settings()))
    if as_json:
        typer.echo(json.dumps([_plain(item) for item in found], ensure_ascii=False))
        return
    table = Table("release", "app", "version", "state", "digest")
    for item in found:
        table.add_row(item.id, item.app_id, item.version_name, item.state.value, item.digest[:19] + "…")
    Console().print(table)


@app.command("install")
def install(
    folder: Annotated[Path, typer.Argument(help="A mini-app's folder, such as miniapps/social-security.")],
) -> None:
    """Take a mini-app of a checkout through upload, check, review and release with the demonstration's staff.

    For development: in production each act is done by the office whose act it is.

    Example: shimin release install miniapps/social-security
    """
    settings = load_settings()
    if settings.mode == "production":
        raise DevelopmentOnly(what="shimin release install")
    from shimin.demo.city import install_from  # noqa: PLC0415 - loads everything; the mode is checked first

    asyncio.run(install_from(settings, folder, Console()))


@app.command("suspend")
def suspend(release_id: Annotated[str, typer.Argument(help="The release to halt (rel_…).")]) -> None:
    """Stop serving a live release at once.

    Example: shimin release suspend rel_0192…
    """
    asyncio.run(_suspend(load_settings(), release_id))
    Console().print(f"{release_id} is suspended.")


async def _all(settings: Settings) -> list[releases.Release]:
    async with open_platform(settings) as platform, platform.db.reader() as reader:
        return await releases.all_releases(reader)


async def _suspend(settings: Settings, release_id: str) -> None:
    async with open_platform(settings) as platform, platform.db.unit() as unit:
        await releases.suspend(system_call(), release_id, unit=unit, clock=platform.clock)


def _plain(item: releases.Release) -> dict[str, object]:
    return {
        "id": item.id,
        "app_id": item.app_id,
        "version": item.version_name,
        "state": item.state.value,
        "digest": item.digest,
        "findings": list(item.findings),
    }
