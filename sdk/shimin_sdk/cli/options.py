"""What several commands take, and the words they share."""

from pathlib import Path
from typing import Annotated

import typer

from shimin_sdk.cli.say import Say

Folder = Annotated[Path, typer.Argument(help="The mini-app's folder, the one with manifest.json.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON object to standard output, for programs.")]
Lang = Annotated[
    str, typer.Option("--lang", help="Language of findings: zh-Hans or en.", envvar=["SHIMIN_LANG", "LANG"])
]
HERE = Path()


def locale_of(lang: str) -> str:
    """Return the nearest of the two languages for a locale such as ``zh_CN.UTF-8``."""
    return "zh-Hans" if lang.casefold().startswith("zh") else "en"


def need_folder(folder: Path, say: Say) -> None:
    """Stop unless it is a mini-app's folder."""
    if not (folder / "manifest.json").is_file():
        say.stop(f"{folder} has no manifest.json", then="name a mini-app's folder, or make one with: shimin-sdk new")
