"""The commands, one function each; what they do is in ``pack``, ``rules``, ``testing`` and ``cli.new``."""

import importlib.metadata
import sys
from pathlib import Path
from typing import Annotated

import typer

from shimin_sdk.cli.new import Names, create
from shimin_sdk.cli.run_tests import run_tests
from shimin_sdk.cli.say import Say
from shimin_sdk.findings import Finding, PackageError
from shimin_sdk.pack import Package, from_folder, read
from shimin_sdk.pack.archive import ARCHIVE_BYTES_MAX
from shimin_sdk.rules import check as check_folder
from shimin_sdk.rules import check_package

app = typer.Typer(
    help="Make, check, test and pack mini-apps for Shimin. Works offline and without an account.",
    epilog="Begin with: shimin-sdk new my-app --id linhai.hrss.my-app --department hrss.linhai",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

Folder = Annotated[Path, typer.Argument(help="The mini-app's folder, the one with manifest.json.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON object to standard output, for programs.")]
Lang = Annotated[
    str, typer.Option("--lang", help="Language of findings: zh-Hans or en.", envvar=["SHIMIN_LANG", "LANG"])
]

HERE = Path()
OK, FOUND, USAGE = 0, 1, 2


def _locale(lang: str) -> str:
    return "zh-Hans" if lang.casefold().startswith("zh") else "en"


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


@app.command(epilog="Example: shimin-sdk check miniapps/social-security --lang zh-Hans")
def check(folder: Folder = HERE, as_json: Json = False, lang: Lang = "en") -> None:
    """Say everything the platform would refuse, before it does. Takes a folder or a packed .ma file."""
    say = Say(_locale(lang), as_json=as_json)
    findings = _findings(folder, say)
    errors = [item for item in findings if item.severity == "error"]
    say.findings(findings, {"ok": not errors, "errors": len(errors), "warnings": len(findings) - len(errors)})
    if not findings:
        say.good(f"{folder}: no findings", then=f"shimin-sdk test {folder}" if folder.is_dir() else "")
    raise typer.Exit(FOUND if errors else OK)


@app.command(epilog="Example: shimin-sdk pack miniapps/social-security --output social-security.ma")
def pack(
    folder: Folder = HERE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write; otherwise <app_id>-<version>.ma here.")
    ] = None,
    as_json: Json = False,
    lang: Lang = "en",
) -> None:
    """Check a folder and write its package: the same files give the same bytes, named by their digest."""
    say = Say(_locale(lang), as_json=as_json)
    findings = _findings(folder, say, only_folder=True)
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


@app.command(epilog="Example: shimin-sdk new my-app --id linhai.hrss.my-app --department hrss.linhai --name 我的服务")
def new(
    folder: Annotated[Path, typer.Argument(help="The folder to make; it must not exist yet.", show_default=False)],
    app_id: Annotated[str, typer.Option("--id", help="Reverse-DNS name, such as linhai.hrss.my-app.")],
    department: Annotated[str, typer.Option("--department", help="Your department, such as hrss.linhai.")],
    name: Annotated[str, typer.Option("--name", help="The mini-app's name in Chinese.")] = "我的服务",
    name_en: Annotated[str, typer.Option("--name-en", help="The mini-app's name in English.")] = "My service",
    as_json: Json = False,
    lang: Lang = "en",
) -> None:
    """Make a complete small mini-app: one page, one operation, texts in both languages, a test."""
    say = Say(_locale(lang), as_json=as_json)
    if folder.exists():
        say.stop(f"{folder} exists already", then="choose another name")
    names = Names(app_id, department, name, name_en)
    try:
        written = create(folder, names)
    except PackageError as error:
        say.findings(error.findings, {"ok": False})
        raise typer.Exit(USAGE) from None
    except OSError as error:
        say.stop(f"cannot write {folder}: {error.strerror}", then="choose a folder that you may write to")
    say.findings([], {"ok": True, "folder": str(folder), "files": written})
    say.good(f"{folder}: {len(written)} files", then=f"shimin-sdk test {folder}")


@app.command(
    "test",
    epilog="Example: shimin-sdk test miniapps/social-security -- -k overview",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def run(context: typer.Context, folder: Folder = HERE, as_json: Json = False, lang: Lang = "en") -> None:
    """Rehearse what the build would, then run the folder's tests in your own Python. After -- come pytest's options."""
    say = Say(_locale(lang), as_json=as_json)
    _need_folder(folder, say)
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


def _need_folder(folder: Path, say: Say) -> None:
    if not (folder / "manifest.json").is_file():
        say.stop(f"{folder} has no manifest.json", then="name a mini-app's folder, or make one with: shimin-sdk new")


def _findings(folder: Path, say: Say, *, only_folder: bool = False) -> list[Finding]:
    """Return the findings of a folder or a packed file; stop where there is neither."""
    if folder.is_file() and not only_folder:
        if folder.stat().st_size > ARCHIVE_BYTES_MAX:
            return [Finding("E_SIZE_ARCHIVE", "", 0, {"most": ARCHIVE_BYTES_MAX, "found": folder.stat().st_size})]
        try:
            return check_package(read(folder.read_bytes()))
        except PackageError as error:
            return list(error.findings)
    _need_folder(folder, say)
    return check_folder(folder)
