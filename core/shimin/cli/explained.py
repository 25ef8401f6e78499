"""How ``shimin documents explain`` is shown: who may ask, what runs where, and the statements."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

ENGINES = {"postgres": "PostgreSQL", "sqlite": "SQLite"}
COLOURS = {1: "green", 2: "cyan", 3: "yellow"}
WAYS = {1: "one statement", 2: "compiled resolvers", 3: "resolvers as they come"}


def show(console: Console, explained: Mapping[str, Any], standing: str) -> None:
    """Print what ``Edge.explain`` said of a document, and where it stands in the registry."""
    console.print(
        Text.assemble((explained["name"] or "(no name)", "bold"), f" · {explained['kind']} · ", (standing, "dim"))
    )
    console.print(explained["id"], style="dim", highlight=False, soft_wrap=True)
    console.print()
    console.print(_facts(explained))
    console.print()
    console.print(_roots(explained["roots"]))
    console.print()
    console.print(_summary(explained))
    for engine, statements in explained["statements"].items():
        for statement in statements:
            console.print()
            console.print(Text(ENGINES[engine], "bold"))
            console.print(statement, markup=False, highlight=False, soft_wrap=True)


def _facts(explained: Mapping[str, Any]) -> RenderableType:
    """Return what the document takes, reads and costs."""
    grid = Table.grid(padding=(0, 2))
    grid.add_row("variables", _lines([_variable(item) for item in explained["variables"]]) or "none")
    scopes = [Text.assemble((item["scope"], "magenta"), f" at {item['path']}") for item in explained["scopes"]]
    grid.add_row("reads of a person", _lines(scopes) or "nothing that mini-apps need consent for")
    usual, most = (f"{explained['cost'][key]:,}" for key in ("usual", "most"))
    grid.add_row("cost", f"{usual} points" if usual == most else f"{usual} points, at most {most} with other variables")
    return grid


def _variable(item: Mapping[str, Any]) -> Text:
    default = "" if item["default"] is None else f" = {item['default']}"
    return Text.assemble((f"${item['name']}", "bold"), f": {item['type']}{default}")


def _lines(texts: Sequence[Text]) -> RenderableType | None:
    return Group(*texts) if texts else None


def _roots(roots: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("root field", "who may ask", "tier", "how it runs", expand=False)
    for root in roots:
        tier = root["tier"]
        key = root["key"] if root["key"] == root["field"] else f"{root['key']}: {root['field']}"
        how = Text(WAYS[tier])
        if root["kept_until"]:
            how.append(f"; kept for everybody until {' or '.join(root['kept_until'])}", "dim")
        if root["reason"]:
            how.append(f"\n{root['reason']}", "dim")
        table.add_row(key, root["rule"], Text(str(tier), f"bold {COLOURS[tier]}"), how)
    return table


def _summary(explained: Mapping[str, Any]) -> RenderableType:
    """Return the one line most people look for, and the values for which it holds."""
    roots = explained["roots"]
    compiled = sum(root["tier"] == 1 for root in roots)
    lines = []
    if compiled == len(roots):
        said = "The whole document is one statement on PostgreSQL and one on SQLite."
        lines.append(Text(said, "bold green"))
    elif compiled:
        rest = len(roots) - compiled
        lines.append(Text(f"One statement answers {compiled} of {len(roots)} root fields; resolvers answer {rest}."))
    else:
        lines.append(Text("Resolvers answer all of it."))
    if explained["assumed"] and compiled:
        given = ", ".join(f"${name} {_said(value)}" for name, value in explained["assumed"].items())
        lines.append(Text(f"Other values may be planned otherwise; these are assumed: {given}.", "dim"))
    return Padding(Group(*lines), 0)


def _said(value: object) -> str:
    if value is None:
        return "not given"
    return f"is {str(value).lower() if isinstance(value, bool) else value}"
