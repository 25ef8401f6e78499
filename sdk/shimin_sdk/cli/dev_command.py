"""``shimin-sdk dev``: the phone on the developer's desk."""

import sys
import threading
import webbrowser
from typing import Annotated

import typer

from shimin_sdk.cli.exits import EPILOG
from shimin_sdk.cli.options import HERE, Folder, Json, Lang, locale_of, need_folder
from shimin_sdk.cli.say import Say
from shimin_sdk.dev import DevServer
from shimin_sdk.dev.walls import WallsMissing, open_walls


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    example = "Example: shimin-sdk dev miniapps/social-security --port 8123 --no-open"
    app.command(epilog=f"{example}\n\n{EPILOG}")(dev)


def dev(
    folder: Folder = HERE,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Where to listen on 127.0.0.1; 0 takes a free port.")
    ] = 0,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open the phone in your browser.")] = True,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Build the component as the platform would, and run that.")
    ] = False,
    as_json: Json = False,
    lang: Lang = "en",
) -> None:
    """Show the mini-app on a phone in your browser, for invented citizens; it follows every save. Ctrl+C ends it."""
    say = Say(locale_of(lang), as_json=as_json)
    need_folder(folder, say)
    try:
        walls = open_walls() if sandbox else None
    except WallsMissing as missing:
        say.stop(str(missing), then="install the platform beside it: in its repository run make install-run")
    try:
        server = DevServer(folder, port=port, walls=walls)
    except OSError:
        say.stop(f"port {port} cannot be used", then="leave --port out, or name another")
    with server:
        say.program({"ok": True, "url": server.url})
        sys.stdout.flush()
        say.good(f"{folder} is at {server.url}", then="save a file and the phone follows; Ctrl+C ends it")
        if show:
            webbrowser.open(server.url)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            say.good("ended")
