"""Writes ``docs/reference/``, ``graphql/schema.graphql`` and the copies of schema and bridge.

``make docs`` runs it; with ``--check`` it only says which are stale, and exits 1. What they say is changed in the code.
"""

import os
import sys
from collections.abc import Callable, Iterable, Sequence

# before anything draws a page of help: as wide and as plain on every machine
os.environ |= {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}


from typer.core import TyperArgument, TyperGroup, TyperOption

import collect
from install import ROOT
from shimin.cli import build
from shimin.kit.text import LOCALES, say
from shimin_graphql.schema import schema
from shimin_sdk.cli.commands import app as sdk_app

WRITTEN = "<!-- written by `make docs` from the code: change it there -->"


def refusals() -> str:
    """Return the page of refusals."""
    rows = []
    for refusal in collect.refusals():
        names = sorted(refusal.__dataclass_fields__)  # type: ignore[attr-defined]
        params = ", ".join(f"`{name}`" for name in names)
        words = [say(refusal.code, locale, {name: f"{{{name}}}" for name in names}) for locale in LOCALES]
        again = "yes" if refusal.retryable else ""
        rows.append((f"`{refusal.code}`", collect.home(refusal), refusal.http_status, again, params, *words))
    return page(
        "Refusals",
        "Every expected “no” of the platform. The code never changes its meaning; clients decide by code and show the "
        "words. *Again* means that the same request may succeed later without change. In GraphQL a refusal is a "
        "member of the mutation's result, or an error with `extensions.code`; elsewhere it is `application/json` with "
        "the status given here.",
        table(("code", "from", "status", "again", "parameters", *LOCALES), rows),
    )


def settings() -> str:
    """Return the page of settings."""
    rows = [(f"`{one.variable}`", one.type_text, one.default, one.promise) for one in collect.settings()]
    return page(
        "Settings",
        "Environment variables. One that is unknown, misspelt, of the wrong type or unsafe in production stops the "
        "start (`INVALID_SETTINGS`); values are never repeated in the message.",
        table(("variable", "type", "default", "what it decides"), rows),
    )


def facts() -> str:
    """Return the page of facts."""
    rows = []
    for fact in collect.facts():
        members = ", ".join(f"`{name}: {kind}`" for name, kind in collect.fact_fields(fact))
        rows.append((f"`{fact.name}`", fact.version, collect.home(fact), members, collect.promise(fact)))
    return page(
        "Facts",
        "What has happened, written in the transaction that made it true and delivered at least once, in order per "
        "key. `core/shimin/reactions.py` says which fact wakes which verb.",
        table(("name", "version", "from", "members", "meaning"), rows),
    )


def commands() -> str:
    """Return the page of commands."""
    parts: list[str] = []
    for app, name in ((build([]), "shimin"), (sdk_app, "shimin-sdk")):
        for path, command in collect.commands(app, name):
            if not command.hidden:
                parts.append(f"## `{path}`\n\n{described(path, command)}")
    return page("Commands", "`--help` says the same at the terminal.", "\n\n".join(parts))


def described(path: str, command: collect.Command) -> str:
    """Return what one command does, with its arguments and options."""
    text = "\n".join(line.rstrip() for line in (command.help or "").replace("\f", "").strip().splitlines())
    rows: list[Sequence[object]] = []
    for parameter in command.params:
        if isinstance(parameter, TyperOption) and not parameter.hidden and parameter.name not in HIDDEN_OPTIONS:
            rows.append(
                (" ".join(f"`{flag}`" for flag in (*parameter.opts, *parameter.secondary_opts)), parameter.help)
            )
        elif isinstance(parameter, TyperArgument):
            rows.append((f"`{(parameter.name or '').upper()}`", getattr(parameter, "help", "") or ""))
    if isinstance(command, TyperGroup):
        text += "\n\n" + "\n".join(f"- `{path} {name}`" for name in sorted(command.commands))
    return f"{text}\n\n{table(('argument', 'meaning'), rows)}".strip() if rows else text


HIDDEN_OPTIONS = frozenset({"help", "install_completion", "show_completion"})


def graphql_schema() -> str:
    """Return the schema in its own language; reviewed like code, since clients are generated from it."""
    return f"{schema.as_str()}\n"


def page(title: str, introduction: str, body: str) -> str:
    """Return a whole page."""
    return f"{WRITTEN}\n\n# {title}\n\n{introduction}\n\n{body}\n"


def table(heads: Iterable[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *([cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: object) -> str:
    """Return a value that keeps its cell whole."""
    return " ".join(str("" if value is None else value).replace("|", "\\|").split())


def source(name: str) -> Callable[[], str]:
    """Return what writes a copy of a file, for places that must hold their own."""
    return lambda: (ROOT / name).read_text("utf-8")


PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/refusals.md": refusals,
    "docs/reference/settings.md": settings,
    "docs/reference/facts.md": facts,
    "docs/reference/commands.md": commands,
    "graphql/schema.graphql": graphql_schema,
    "sdk/shimin_sdk/cli/generate/schema.graphql": graphql_schema,
    **{
        f"{folder}/{file}{ending}": source(f"sdk/bridge/{file}")
        for file in ("bridge.js", "bridge.d.ts")
        for folder, ending in (("miniapps/social-security/common", ""), ("sdk/shimin_sdk/cli/template/common", ".tmpl"))
    },
}


def stale() -> list[str]:
    """Return the pages that no longer say what the code says."""
    found = []
    for name, write in PAGES.items():
        path = ROOT / name
        if not path.exists() or path.read_text("utf-8") != write():
            found.append(name)
    return found


def main() -> int:
    """Write the pages, or check them."""
    if "--check" in sys.argv[1:]:
        old = stale()
        if old:
            print(f"stale: {', '.join(old)}; run: make docs")
        return int(bool(old))
    for name, write in PAGES.items():
        (ROOT / name).write_text(write(), "utf-8")
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
