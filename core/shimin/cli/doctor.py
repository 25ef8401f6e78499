"""``shimin doctor``: is everything there that this installation needs, and what to do where it is not."""

import asyncio
import json
import shutil
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import httpx
import typer
from rich.console import Console
from rich.table import Table

from shimin import __version__
from shimin.adapters.wasm.support import sandbox_support
from shimin.assembly import open_platform
from shimin.config import Settings, load_settings
from shimin.db import check_durability, open_database, pending
from shimin.kit.refusal import Refusal
from shimin.kit.text import say_refusal

State = Literal["ok", "warn", "fail"]
MARKS = {"ok": "[green]✓[/green]", "warn": "[yellow]![/yellow]", "fail": "[red]✗[/red]"}
DISK_BYTES_MIN = 1024**3
PYTHON_MIN = (3, 11)
SQLITE_MIN = (3, 40, 0)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it is, and what to do about it."""

    what: str
    state: State
    found: str
    remedy: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Look at everything this installation needs; exit with 1 if something must be mended.

    Example: shimin doctor --json
    """
    settings = load_settings()
    findings = asyncio.run(examine(settings))
    if as_json:
        typer.echo(json.dumps([asdict(item) for item in findings], ensure_ascii=False))
    else:
        table = Table("", "what", "found", "what to do", title=f"shimin {__version__} ({settings.mode})")
        for item in findings:
            table.add_row(MARKS[item.state], item.what, item.found, item.remedy)
        Console().print(table)
    if any(item.state == "fail" for item in findings):
        raise typer.Exit(1)


async def examine(settings: Settings) -> list[Finding]:
    """Return a finding for everything that is needed; looking changes nothing."""
    findings = [_python(), _sqlite(), _disk(settings), _sandbox(settings)]
    findings += [await _guarded(look, settings) for look in (_database, _migrations, _redis, _platform)]
    if settings.mode == "development":
        demo = (("department", settings.demo_department_url), ("payment channel", settings.channel_url))
        findings += [await _answers(name, url) for name, url in demo]
    return findings


async def _guarded(look: Callable[[Settings], Awaitable[Finding]], settings: Settings) -> Finding:
    try:
        return await look(settings)
    except Refusal as refusal:
        return Finding((look.__doc__ or "").split(":")[0], "fail", refusal.code, say_refusal(refusal, "en"))


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info[:2] >= PYTHON_MIN
    return Finding("Python", "ok" if fine else "fail", version, "" if fine else "install Python 3.11 or newer")


def _sqlite() -> Finding:
    fine = sqlite3.sqlite_version_info >= SQLITE_MIN
    return Finding(
        "SQLite", "ok" if fine else "fail", sqlite3.sqlite_version, "" if fine else "3.40 or newer is needed"
    )


def _disk(settings: Settings) -> Finding:
    existing = next(
        folder for folder in (settings.data_dir.absolute(), *settings.data_dir.absolute().parents) if folder.exists()
    )
    free = shutil.disk_usage(existing).free
    fine = free >= DISK_BYTES_MIN
    return Finding(
        "disk", "ok" if fine else "warn", f"{free / 1024**3:.1f} GiB free", "" if fine else "free at least 1 GiB"
    )


def _sandbox(settings: Settings) -> Finding:
    support = sandbox_support()
    if support.jails:
        return Finding("sandbox jail", "ok", "Landlock and seccomp")
    state: State = "warn" if settings.sandbox_unjailed and settings.mode == "development" else "fail"
    return Finding("sandbox jail", state, support.reason, support.remedy)


async def _database(settings: Settings) -> Finding:
    """database: reachable and durable."""
    db = await open_database(settings.database)
    try:
        await check_durability(db, production=settings.mode == "production")
        return Finding("database", "ok", db.engine)
    finally:
        await db.close()


async def _migrations(settings: Settings) -> Finding:
    """migrations: all applied."""
    waiting = await pending(settings.database)
    return Finding(
        "migrations", "warn" if waiting else "ok", f"{len(waiting)} pending", "shimin migrate" if waiting else ""
    )


async def _redis(settings: Settings) -> Finding:
    """Redis: answers."""
    url = settings.redis_url.get_secret_value()
    if not url:
        return Finding("Redis", "ok", "not used: cache and hints inside the process")
    from shimin.adapters.redis_cache import RedisCache  # noqa: PLC0415 - only where it is used

    cache = RedisCache.open(url)
    try:
        await cache.put("doctor", b"well", ttl_s=5)
        fine = await cache.get("doctor") == b"well"
    finally:
        await cache.close()
    return Finding(
        "Redis",
        "ok" if fine else "warn",
        "answers" if fine else "no answer",
        "" if fine else "start it; until then each process keeps its own limits",
    )


async def _platform(settings: Settings) -> Finding:
    """platform: opens with these settings."""
    async with open_platform(settings):
        return Finding("platform", "ok", "opens with these settings")


async def _answers(name: str, url: str) -> Finding:
    try:
        async with httpx.AsyncClient(timeout=2) as client:
            response = await client.get(f"{url}/health")
        fine = response.status_code < httpx.codes.INTERNAL_SERVER_ERROR
    except httpx.HTTPError:
        fine = False
    return Finding(
        name,
        "ok" if fine else "warn",
        "answers" if fine else "no answer",
        "" if fine else "shimin run starts the demonstration's",
    )
