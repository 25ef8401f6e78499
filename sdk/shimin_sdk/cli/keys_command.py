"""``shimin-sdk keys make | show | rotate``: the key by which the platform knows this developer's machine."""

import os
from collections.abc import Callable
from pathlib import Path

import typer

from shimin_sdk.cli.exits import EPILOG
from shimin_sdk.cli.options import Json, Lang, locale_of
from shimin_sdk.cli.say import Say

keys = typer.Typer(help="The key by which the platform knows this machine.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(keys, name="keys", epilog=EPILOG)


@keys.command("make", epilog=f"Example: shimin-sdk keys make\n\n{EPILOG}")
def make(as_json: Json = False, lang: Lang = "en") -> None:
    """Make an ES256 key in your config folder, readable by you alone."""
    _do("make_key", "made", as_json=as_json, lang=lang)


@keys.command("show", epilog=f"Example: shimin-sdk keys show --json\n\n{EPILOG}")
def show(as_json: Json = False, lang: Lang = "en") -> None:
    """Show the public half of your key; the secret half is never shown."""
    _do("show_key", "in use", as_json=as_json, lang=lang)


@keys.command("rotate", epilog=f"Example: shimin-sdk keys rotate\n\n{EPILOG}")
def rotate(as_json: Json = False, lang: Lang = "en") -> None:
    """Replace your key by a new one; the old one stays as previous.pem until you delete it."""
    _do("rotate_key", "new", as_json=as_json, lang=lang)


def _do(name: str, said: str, *, as_json: bool, lang: str) -> None:
    from shimin_sdk.cli import keys as store  # noqa: PLC0415 - cryptography takes 60 ms that no other command needs

    say = Say(locale_of(lang), as_json=as_json)
    act: Callable[[Path], store.PublicKey] = getattr(store, name)
    try:
        key = act(store.keys_folder(os.environ))
    except store.KeyUnusableError as error:
        say.stop(str(error), then=error.then)
    say.program({"ok": True, "thumbprint": key.thumbprint, "jwk": dict(key.jwk), "file": str(key.file)})
    say.good(f"{said}: {key.thumbprint}\n{key.file}")
