"""The command line: one file per verb, one way to say no."""

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import structlog
import typer
from rich.console import Console

from shimin.kit.refusal import Refusal
from shimin.kit.text import pick_locale, say_refusal

EXIT_REFUSED = 2
VERBS: dict[str, str] = {
    "run": "shimin.cli.run:run",
    "serve": "shimin.cli.serve:serve",
    "worker": "shimin.cli.worker:worker",
    "migrate": "shimin.cli.migrate:migrate",
    "import-guides": "shimin.cli.import_guides:import_guides",
    "demo": "shimin.cli.demo:demo",
    "demo-department": "shimin.cli.demo_servers:demo_department",
    "demo-channel": "shimin.cli.demo_servers:demo_channel",
    "doctor": "shimin.cli.doctor:doctor",
}
"""Verbs by name; each is loaded only when it runs or when help lists them all."""
GROUPS: dict[str, str] = {
    "ledger": "shimin.cli.ledger:app",
    "audit": "shimin.cli.audit:app",
    "people": "shimin.cli.people:app",
    "release": "shimin.cli.release:app",
    "documents": "shimin.cli.documents:app",
    "connectors": "shimin.cli.connectors:app",
}


def main() -> None:
    """Run one verb; a refusal is told in words with its code, and ends with exit code 2."""
    _configure_logging()
    try:
        build(sys.argv[1:2])()
    except Refusal as refusal:
        language = os.environ.get("LC_ALL") or os.environ.get("LANG") or "en"
        words = say_refusal(refusal, pick_locale("zh" if language.startswith("zh") else "en"))
        Console(stderr=True).print(f"[red]{refusal.code}[/red]: {words}", highlight=False, markup=True)
        raise SystemExit(EXIT_REFUSED) from None


def build(asked: list[str]) -> typer.Typer:
    """Return the command line with the asked verb loaded, or with all of them where none is asked."""
    app = typer.Typer(
        name="shimin",
        help="Shimin 市民: identity, personal data, payments and messages for every public service.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
        rich_markup_mode="rich",
    )
    app.callback()(lambda: None)
    chosen = set(asked) & {*VERBS, *GROUPS}
    for name, place in VERBS.items():
        if not chosen or name in chosen:
            app.command(name)(_load(place))
    for name, place in GROUPS.items():
        if not chosen or name in chosen:
            app.add_typer(_load(place), name=name)
    return app


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def _configure_logging() -> None:
    """Write logs as lines on standard error: for people at a terminal, as JSON elsewhere."""
    renderer: Any = (
        # The plain traceback shows no local variables: they may hold a citizen's data.
        structlog.dev.ConsoleRenderer(colors=True, exception_formatter=structlog.dev.plain_traceback)
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
