"""``shimin documents``: the registry of trusted documents, for operators and for deployments."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Column, Table
from rich.text import Text

from shimin import documents
from shimin.assembly import load_edge, open_migrated
from shimin.cli.explained import show
from shimin.config import Settings, load_settings
from shimin.db import Database
from shimin.documents import DEFAULT_CLIENT, RegisterDocument, TrustedDocument
from shimin.kit.call import system_call
from shimin.kit.clock import SystemClock
from shimin.kit.document import DocumentFault
from shimin.kit.refusal import Refusal
from shimin.ports.edge import DocumentEdge

FILE_BYTES_MAX = 256 * 1024
UNIT_TIMEOUT_S = 60.0
Item = TypeVar("Item")
ID_PREFIX = "sha256:"
DIGITS_MIN = 6
SHOWN_DIGITS = 12
BUILT_IN = "built in"

app = typer.Typer(help="Trusted documents: GraphQL operations registered ahead of time.", no_args_is_help=True)
app.callback()(lambda: None)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")]


class DocumentNotFound(Refusal):
    """No document has that id, or several begin so."""

    code = "DOCUMENT_NOT_FOUND"
    asked: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file; line and column count from 1, 0 for the whole."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        """Return it as compilers write it, so that editors find the place."""
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{place}: {self.message}"


@app.command("register")
def register(
    files: Annotated[list[Path], typer.Argument(help="Files with one GraphQL operation each.", show_default=False)],
    client: Annotated[str, typer.Option(help="Who the documents are for.")] = DEFAULT_CLIENT,
    revive: Annotated[bool, typer.Option("--revive", help="Trust again what was retired.")] = False,
    as_json: AsJson = False,
) -> None:
    """Trust the operation in each file from now on: its hash runs it. All of them or, if one has an error, none.

    The hash is that of the file, byte for byte, as sha256sum prints it. Repeating is safe.
    Exit code 0: all are trusted; 2: something is wrong and nothing was registered.

    Example: shimin documents register app/operations/*.graphql --client mobile
    """
    settings = load_settings()
    edge = load_edge().make_edge(settings)
    texts, problems = _read(files, edge, quiet=as_json)
    if problems:
        _refuse(problems, as_json=as_json)
    orders = {name: RegisterDocument(text, client, revive) for name, text in texts.items()}
    changed = asyncio.run(_register(settings, edge, orders, quiet=as_json))
    ids = {name: edge.read_document(order.text).document_id for name, order in orders.items()}
    if as_json:
        found = [{"file": name, "id": ids[name], "changed": changed[name]} for name in orders]
        typer.echo(json.dumps({"registered": found, "problems": []}, ensure_ascii=False))
        return
    console = Console()
    for name in orders:
        console.print(
            Text.assemble(ids[name], f"  {name}", ("" if changed[name] else "  (was trusted)", "dim")), soft_wrap=True
        )
    console.print(f"{sum(changed.values())} registered, {len(changed) - sum(changed.values())} unchanged.")


@app.command("list")
def list_documents(as_json: AsJson = False) -> None:
    """List every trusted document: those registered, and those that come with this version.

    Example: shimin documents list --json
    """
    settings = load_settings()
    edge = load_edge().make_edge(settings)
    listed = [_listed(item, edge) for item in asyncio.run(_stored(settings))]
    listed += [_built_in(document_id, text, edge) for document_id, text in edge.distributed().items()]
    if as_json:
        typer.echo(json.dumps(listed, ensure_ascii=False))
        return
    first, last = Column("id", no_wrap=True), Column("since", no_wrap=True)
    table = Table(first, "name", "kind", "client", "state", last, box=SIMPLE_HEAD)
    colours = {"trusted": "green", "retired": "dim", "outdated": "red"}
    for item in listed:
        row = [item["id"].removeprefix(ID_PREFIX)[:SHOWN_DIGITS], item["name"], item["kind"], item["client"]]
        table.add_row(*row, Text(item["state"], colours[item["state"]]), (item["registered_at"] or "")[:10])
    console = Console()
    console.print(table)
    for item in listed:
        if item["state"] == "outdated":
            console.print(f"{item['name']} no longer runs: {item['reason']}", markup=False, highlight=False)


@app.command("explain")
def explain(
    asked: Annotated[str, typer.Argument(metavar="HASH|FILE", help="An id or its beginning, or a file.")],
    as_json: AsJson = False,
) -> None:
    """Explain how a document runs: who may ask it, what it reads, the tier of each part and why, its SQL.

    Example: shimin documents explain app/operations/home.graphql
    """
    settings = load_settings()
    edge = load_edge().make_edge(settings)
    text, client = _text_of(asked, settings, edge)
    explained = edge.explain(text)
    if as_json:
        typer.echo(json.dumps({**explained, "client": client}, ensure_ascii=False))
    else:
        show(Console(), explained, client or "a file")


@app.command("retire")
def retire(asked: Annotated[str, typer.Argument(metavar="HASH", help="An id or its beginning.")]) -> None:
    """Stop trusting a document, everywhere within seconds: whoever calls it is told that it is unknown.

    Example: shimin documents retire sha256:162ba8e1dd88
    """
    settings = load_settings()
    edge = load_edge().make_edge(settings)
    document_id = _resolve(asked, [*edge.distributed(), *(item.id for item in asyncio.run(_stored(settings)))])
    changed = asyncio.run(_retire(settings, edge, document_id))
    Console().print(f"{document_id} is retired." if changed else f"{document_id} was retired already.", soft_wrap=True)


# ---- files ---------------------------------------------------------------------------------------------------------


def _read(files: Iterable[Path], edge: DocumentEdge, *, quiet: bool) -> tuple[dict[str, str], list[Problem]]:
    """Return each file's text, and everything that is wrong with any of them."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for path in _shown(list(files), "checking", quiet=quiet):
        name = str(path)
        try:
            texts[name] = _file_text(path)
        except (OSError, ValueError) as error:
            problems.append(Problem(name, 0, 0, getattr(error, "strerror", None) or str(error)))
            continue
        faults = edge.check_document(texts[name])
        problems += [_problem(name, fault) for fault in faults]
    return texts, problems


def _shown(items: Sequence[Item], doing: str, *, quiet: bool) -> Iterable[Item]:
    """Yield the items, with a progress bar where somebody watches."""
    console = Console(stderr=True)
    return track(items, doing, console=console, transient=True, disable=quiet or not console.is_terminal)


def _file_text(path: Path) -> str:
    """Return a file's text, byte for byte: the hash is over what lies there."""
    with path.open("rb") as file:
        content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        message = f"the file is larger than {FILE_BYTES_MAX} bytes"
        raise ValueError(message)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        message = "the file is not UTF-8"
        raise ValueError(message) from None


def _problem(name: str, fault: DocumentFault) -> Problem:
    return Problem(name, fault.line, fault.column, fault.message)


def _refuse(problems: list[Problem], *, as_json: bool) -> None:
    """Say everything that is wrong, and that nothing was registered.

    Raises:
        typer.Exit: with code 2.
    """
    if as_json:
        plain = [{"file": p.file, "line": p.line, "column": p.column, "message": p.message} for p in problems]
        typer.echo(json.dumps({"registered": [], "problems": plain}, ensure_ascii=False))
    else:
        console = Console(stderr=True)
        for problem in problems:
            console.print(str(problem), markup=False, highlight=False, soft_wrap=True)
        files = len({problem.file for problem in problems})
        words = "1 file has errors" if files == 1 else f"{files} files have errors"
        console.print(f"Nothing was registered: {words}. Correct them and repeat the command.", style="red")
    raise typer.Exit(2)


# ---- the registry --------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    db = await open_migrated(settings.database)
    try:
        yield db
    finally:
        await db.close()


async def _register(
    settings: Settings, edge: DocumentEdge, orders: Mapping[str, RegisterDocument], *, quiet: bool
) -> dict[str, bool]:
    """Register all in one unit; return which of them changed something."""
    changed: dict[str, bool] = {}
    shown = _shown(list(orders.items()), "registering", quiet=quiet)
    async with _database(settings) as db, db.unit(timeout_s=UNIT_TIMEOUT_S) as unit:
        for name, order in shown:
            changed[name] = await documents.register(system_call(), order, unit=unit, edge=edge, clock=SystemClock())
    return changed


async def _retire(settings: Settings, edge: DocumentEdge, document_id: str) -> bool:
    async with _database(settings) as db, db.unit() as unit:
        return await documents.retire(system_call(), document_id, unit=unit, edge=edge, clock=SystemClock())


async def _stored(settings: Settings) -> list[TrustedDocument]:
    async with _database(settings) as db, db.reader() as reader:
        return await documents.all_documents(reader)


def _resolve(asked: str, ids: Iterable[str]) -> str:
    """Return the one id that begins as asked.

    Raises:
        DocumentNotFound: none or several do, or too few digits were given to tell.
    """
    digits = asked.removeprefix(ID_PREFIX).rstrip("…")
    found = {item for item in ids if item.startswith(ID_PREFIX + digits)}
    if len(digits) < DIGITS_MIN or len(found) != 1:
        raise DocumentNotFound(asked=asked)
    return found.pop()


def _text_of(asked: str, settings: Settings, edge: DocumentEdge) -> tuple[str, str]:
    """Return a document's text and whom it is for; the latter is empty for a file that does not come with us."""
    path = Path(asked)
    distributed = edge.distributed()
    if not asked.startswith(ID_PREFIX) and (path.suffix or path.exists()):
        try:
            text = _file_text(path)
        except (OSError, ValueError) as error:
            raise typer.BadParameter(getattr(error, "strerror", None) or str(error), param_hint=asked) from None
        return text, BUILT_IN if text in distributed.values() else ""
    try:
        return distributed[_resolve(asked, distributed)], BUILT_IN
    except DocumentNotFound:
        stored = {item.id: item for item in asyncio.run(_stored(settings))}
        found = stored[_resolve(asked, stored)]
        return found.text, f"{found.client} (retired)" if found.retired_at else found.client


def _listed(item: TrustedDocument, edge: DocumentEdge) -> dict[str, Any]:
    state, reason = "trusted", ""
    if item.retired_at:
        state = "retired"
    elif faults := edge.check_document(item.text):
        state, reason = "outdated", str(_problem("", faults[0])).removeprefix(":").strip()
    return {
        "id": item.id,
        "name": item.name,
        "kind": item.kind,
        "client": item.client,
        "state": state,
        "reason": reason,
        "registered_at": item.registered_at.isoformat(),
        "registered_by": item.registered_by,
        "retired_at": item.retired_at.isoformat() if item.retired_at else None,
        "retired_by": item.retired_by,
    }


def _built_in(document_id: str, text: str, edge: DocumentEdge) -> dict[str, Any]:
    read = edge.read_document(text)
    known = {"id": document_id, "name": read.name, "kind": read.kind, "client": BUILT_IN}
    return {**known, "state": "trusted", "reason": "", **dict.fromkeys(_UNREGISTERED)}


_UNREGISTERED = ("registered_at", "registered_by", "retired_at", "retired_by")
"""What is not known of a document that comes with the distribution."""
