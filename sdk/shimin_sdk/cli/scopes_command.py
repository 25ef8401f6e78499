"""``shimin-sdk scopes diff``: what another version reads of citizens, more or less than this one."""

from pathlib import Path
from typing import Annotated

import typer

from shimin_sdk.cli.exits import EPILOG, FOUND, OK
from shimin_sdk.cli.generate import Change, Reads, differences, reads_of
from shimin_sdk.cli.options import Json, Lang, locale_of, need_folder
from shimin_sdk.cli.say import Say
from shimin_sdk.cli.whole import package_at
from shimin_sdk.findings import PackageError

scopes = typer.Typer(help="What a mini-app's documents read of citizens.", no_args_is_help=True)
One = typer.Argument(help="A mini-app's folder or a packed .ma file.", show_default=False)


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(scopes, name="scopes", epilog=EPILOG)


@scopes.command("diff", epilog=f"Example: shimin-sdk scopes diff live.ma my-app\n\n{EPILOG}")
def diff(before: Annotated[Path, One], after: Annotated[Path, One], as_json: Json = False, lang: Lang = "en") -> None:
    """Compare what two versions can read, computed from their documents. Ends with 1 if citizens must agree again."""
    say = Say(locale_of(lang), as_json=as_json)
    changes = differences(_reads(before, say), _reads(after, say))
    widens = any(change.widens for change in changes)
    say.program({"ok": not widens, "widens": widens, "documents": [_as_json(change) for change in changes]})
    for change in changes:
        say.lines(
            change.path, *(f"  + {scope}" for scope in change.added), *(f"  - {scope}" for scope in change.removed)
        )
        say.lines(*(f"  ~ {name}" for name in change.terms))
    if not changes:
        say.good("both read the same, for the same purposes")
    elif widens:
        say.bad("citizens must agree again, and the release needs a full review", then="ask only for what is needed")
    else:
        say.good("nobody is asked to agree to more")
    raise typer.Exit(FOUND if widens else OK)


def _reads(path: Path, say: Say) -> dict[str, Reads]:
    if not path.is_file():
        need_folder(path, say)
    try:
        return reads_of(package_at(path))
    except PackageError as error:
        say.findings(error.findings, {"ok": False})
        raise typer.Exit(FOUND) from None


def _as_json(change: Change) -> dict[str, object]:
    return {
        "document": change.path,
        "added": change.added,
        "removed": change.removed,
        "kept": change.kept,
        "terms": change.terms,
        "widens": change.widens,
    }
