"""The commands that make, check, test and pack; each further one has a module of its own beside this."""

import importlib.metadata
import sys
from pathlib import Path
from typing import Annotated

import typer

from shimin_sdk.cli import dev_command, generate_command, keys_command, scopes_command
from shimin_sdk.cli.exits import EPILOG, FOUND, OK, USAGE
from shimin_sdk.cli.generate import UnclearOperationError, generate, is_written
from shimin_sdk.cli.new import TEMPLATES, Names, create
from shimin_sdk.cli.options import HERE, Folder, Json, Lang, locale_of, need_folder
from shimin_sdk.cli.run_tests import run_tests
from shimin_sdk.cli.sarif import sarif
from shimin_sdk.cli.say import Say
from shimin_sdk.cli.whole import check_path
from shimin_sdk.findings import Finding, PackageError
from shimin_sdk.pack import Package, from_folder, package_files

app = typer.Typer(
    help="Make, check, test and pack mini-apps for Shimin. Works offline and without an account.",
    epilog=f"Begin with: shimin-sdk new my-app --id linhai.hrss.my-app --department hrss.linhai\n\n{EPILOG}",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"shimin-sdk {importlib.metadata.version('shimin-sdk')}\n")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Make, check, test and pack mini-apps for Shimin. Works offline and without an account."""


@app.command(epilog=f"Example: shimin-sdk check miniapps/social-security --lang zh-Hans\n\n{EPILOG}")
def check(
    folder: Folder = HERE,
    as_json: Json = False,
    as_sarif: Annotated[
        bool, typer.Option("--sarif", help="Write SARIF 2.1.0 to standard output, for editors and code hosts.")
    ] = False,
    lang: Lang = "en",
) -> None:
    """Say everything the platform would refuse, before it does. Takes a folder or a packed .ma file."""
    say = Say(locale_of(lang), as_json=as_json or as_sarif)
    if as_json and as_sarif:
        say.stop("--json and --sarif both write to standard output", then="choose one of them")
    findings = _findings(folder, say)
    errors = [item for item in findings if item.severity == "error"]
    if as_sarif:
        say.program(sarif(findings, locale_of(lang)))
    else:
        say.findings(findings, {"ok": not errors, "errors": len(errors), "warnings": len(findings) - len(errors)})
    if not findings:
        say.good(f"{folder}: no findings", then=f"shimin-sdk test {folder}" if folder.is_dir() else "")
    raise typer.Exit(FOUND if errors else OK)


@app.command(epilog=f"Example: shimin-sdk pack miniapps/social-security --output social-security.ma\n\n{EPILOG}")
def pack(
    folder: Folder = HERE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write; otherwise <app_id>-<version>.ma here.")
    ] = None,
    as_json: Json = False,
    lang: Lang = "en",
) -> None:
    """Check a folder and write its package: the same files give the same bytes, named by their digest."""
    say = Say(locale_of(lang), as_json=as_json)
    need_folder(folder, say)
    findings = _findings(folder, say)
    if any(item.severity == "error" for item in findings):
        say.findings(findings, {"ok": False})
        raise typer.Exit(FOUND)
    package = from_folder(folder)
    target = output or Path(f"{package.app_id}-{package.version_name}.ma")
    try:
        target.write_bytes(package.archive)
    except OSError as error:
        say.stop(f"cannot write {target}: {error.strerror}", then="name another place with --output")
    say.findings(findings, {"ok": True, **_facts(package), "file": str(target)})
    facts = f"{len(package.files)} files, {len(package.archive):,} bytes\n{package.digest}"
    say.good(f"{target}: {package.app_id} {package.version_name}, {facts}")


def _facts(package: Package) -> dict[str, str | int]:
    return {
        "appId": package.app_id,
        "version": package.version_name,
        "digest": package.digest,
        "files": len(package.files),
        "bytes": len(package.archive),
    }


@app.command(
    epilog=f"Example: shimin-sdk new my-app --id linhai.hrss.my-app --department hrss.linhai --template pay\n\n{EPILOG}"
)
def new(
    folder: Annotated[Path, typer.Argument(help="The folder to make; it must not exist yet.", show_default=False)],
    app_id: Annotated[str, typer.Option("--id", help="Reverse-DNS name, such as linhai.hrss.my-app.")],
    department: Annotated[str, typer.Option("--department", help="Your department, such as hrss.linhai.")],
    name: Annotated[str, typer.Option("--name", help="The mini-app's name in Chinese.")] = "我的服务",
    name_en: Annotated[str, typer.Option("--name-en", help="The mini-app's name in English.")] = "My service",
    template: Annotated[
        str | None,
        typer.Option("--template", help="query, pay or case; asked for in a terminal, otherwise query."),
    ] = None,
    as_json: Json = False,
    lang: Lang = "en",
) -> None:
    """Make a complete small mini-app: a page, typed operations, texts in both languages, a test."""
    say = Say(locale_of(lang), as_json=as_json)
    if folder.exists():
        say.stop(f"{folder} exists already", then="choose another name")
    chosen = template or (say.choose("What shall it do?", TEMPLATES) if say.can_ask() else next(iter(TEMPLATES)))
    if chosen not in TEMPLATES:
        say.stop(f"there is no template {chosen}", then=f"choose one of: {', '.join(TEMPLATES)}")
    try:
        written = create(folder, Names(app_id, department, name, name_en), chosen)
    except PackageError as error:
        say.findings(error.findings, {"ok": False})
        raise typer.Exit(USAGE) from None
    except OSError as error:
        say.stop(f"cannot write {folder}: {error.strerror}", then="choose a folder that you may write to")
    say.findings([], {"ok": True, "folder": str(folder), "template": chosen, "files": written})
    say.good(f"{folder}: {len(written)} files", then=f"shimin-sdk test {folder}")


@app.command(
    "test",
    epilog=f"Example: shimin-sdk test miniapps/social-security -- -k overview\n\n{EPILOG}",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def run(context: typer.Context, folder: Folder = HERE, as_json: Json = False, lang: Lang = "en") -> None:
    """Rehearse what the build would, then run the folder's tests in your own Python. After -- come pytest's options.

    Where the types of the documents are written by shimin-sdk generate, they are written anew first.
    """
    say = Say(locale_of(lang), as_json=as_json)
    need_folder(folder, say)
    _refresh_types(folder, say)
    result = run_tests(folder, context.args, quiet=as_json)
    if result.cannot:
        say.stop(result.cannot, then=result.then)
    say.findings([], {"ok": result.ok, "passed": result.passed, "failed": result.failed, "rehearsal": result.rehearsal})
    if result.ok:
        say.good(f"{folder}: {result.passed} tests passed", then=f"shimin-sdk pack {folder}")
    elif result.rehearsal:
        say.bad(
            f"the rehearsal failed, and so would the build: {result.rehearsal}",
            then="mend app.rehearse(…) or the handler",
        )
    else:
        say.bad(f"{folder}: {result.failed} failed, {result.passed} passed", then="mend the test shown above")
    raise typer.Exit(OK if result.ok else FOUND)


def _refresh_types(folder: Path, say: Say) -> None:
    """Write the types of the documents anew, where they are written by a program and can be."""
    try:
        if is_written(package_files(folder)) and generate(folder):
            say.good(f"{folder}: the types of the documents were written anew")
    except (UnclearOperationError, PackageError):
        say.bad(f"{folder}: the documents have findings", then=f"shimin-sdk check {folder}")


def _findings(folder: Path, say: Say) -> list[Finding]:
    """Return the findings of a folder or a packed file; stop where there is neither."""
    if not folder.is_file():
        need_folder(folder, say)
    return check_path(folder)


dev_command.add_to(app)
generate_command.add_to(app)
scopes_command.add_to(app)
keys_command.add_to(app)
