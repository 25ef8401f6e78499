"""The command line: ``shimin-sdk new | check | test | pack``.

Exit codes: 0 all is well, 1 findings, 2 the command was used wrongly.
"""

import sys


def main() -> None:
    """Run the command line, or say how to install it."""
    try:
        from shimin_sdk.cli.commands import app  # noqa: PLC0415 - the guest API works without the extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"typer", "rich"}:
            raise
        sys.stderr.write("The command line is an extra. Install it with: pip install 'shimin-sdk[cli]'\n")
        sys.exit(2)
    app(prog_name="shimin-sdk")
