"""``shimin-sdk generate``: the types of a mini-app's documents."""

import typer

from shimin_sdk.cli.exits import EPILOG, FOUND
from shimin_sdk.cli.generate import MODULE_FILE, UnclearOperationError, check_documents, generate
from shimin_sdk.cli.options import HERE, Folder, Json, Lang, locale_of, need_folder
from shimin_sdk.cli.say import Say
from shimin_sdk.findings import Finding, PackageError
from shimin_sdk.pack import package_files


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("generate", epilog=f"Example: shimin-sdk generate my-app\n\n{EPILOG}")(run)


def run(folder: Folder = HERE, as_json: Json = False, lang: Lang = "en") -> None:
    """Write server/operations.py: what the documents in operations/ take and answer, as types."""
    say = Say(locale_of(lang), as_json=as_json)
    need_folder(folder, say)
    try:
        findings = list(check_documents(package_files(folder)))
        changed = not findings and generate(folder)
    except PackageError as error:
        findings, changed = list(error.findings), False
    except UnclearOperationError as error:
        findings, changed = [Finding("E_DOC_TYPES", MODULE_FILE, 0, {"reason": str(error)})], False
    except FileExistsError:
        say.stop(f"{folder / MODULE_FILE} was written by hand", then="rename it and import it by its new name")
    say.findings(findings, {"ok": not findings, "file": MODULE_FILE, "changed": changed})
    if findings:
        raise typer.Exit(FOUND)
    said = "written" if changed else "says already what the documents say"
    say.good(f"{folder / MODULE_FILE}: {said}", then="import operations; call.execute(operations.YourOperation)")
