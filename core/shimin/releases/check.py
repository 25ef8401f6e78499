"""Checking a release and building what will run: rules, documents against the schema, the component, its signature."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import structlog

from shimin import connectors, consent, exchange, messages
from shimin.consent import DocumentTerms
from shimin.db import Database
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import InvalidInput, NotFound, Refusal
from shimin.messages import AppTemplate
from shimin.ports.blobs import Blobs
from shimin.ports.edge import Edge
from shimin.ports.sandbox import ComponentBuilder, artifact_statement
from shimin.ports.signer import Signer
from shimin.releases import rows
from shimin.releases.advance import advance
from shimin.releases.errors import InvalidTransition
from shimin.releases.model import Artifact, Release, ReleaseDocument, State
from shimin_sdk.pack import Document, Package, letter, read
from shimin_sdk.rules import check_package

log = structlog.get_logger("shimin.releases")
Progress = Callable[[str], None]
FINDINGS_MAX = 50


async def check(
    call: Call,
    release_id: str,
    *,
    db: Database,
    blobs: Blobs,
    edge: Edge,
    builder: ComponentBuilder,
    signer: Signer,
    clock: Clock,
    on_progress: Progress | None = None,
) -> Release:
    """Check and build an uploaded release: READY, or CHECK_FAILED with findings; again after that changes nothing.

    Raises:
        NotFound: there is no such release.
    """
    async with db.reader() as reader:
        found = await rows.find(reader, release_id)
    if found is None:
        raise NotFound
    release, package_key = found
    if release.state is not State.CHECKING:
        return release
    package = await asyncio.to_thread(read, await blobs.get(package_key))
    documents, findings = _read_documents(package, edge)
    findings += _declaration_findings(package)
    templates = _templates(package, findings)
    broken_rules = await asyncio.to_thread(check_package, package)
    findings = [*(str(item) for item in broken_rules if item.severity == "error"), *findings]
    artifact = None
    if not findings:
        try:
            artifact = await _build(release, package, blobs=blobs, builder=builder, signer=signer, progress=on_progress)
        except Refusal as refusal:
            findings = [str(refusal)]
    try:
        return await _conclude(call, release, package, artifact, documents, templates, findings, db=db, clock=clock)
    except InvalidTransition:
        async with db.reader() as reader:  # another process checked the same release meanwhile
            concluded = await rows.find(reader, release_id)
        if concluded is None:
            raise NotFound from None
        return concluded[0]


async def _conclude(
    call: Call,
    release: Release,
    package: Package,
    artifact: Artifact | None,
    documents: list[ReleaseDocument],
    templates: list[AppTemplate],
    findings: list[str],
    *,
    db: Database,
    clock: Clock,
) -> Release:
    """Write down what the check found, all of it or nothing."""
    async with db.unit() as unit:
        if artifact is None:
            await rows.set_findings(unit, release.id, findings[:FINDINGS_MAX])
            return await advance(call, release.id, "fail_check", unit=unit, clock=clock)
        await advance(call, release.id, "pass_check", unit=unit, clock=clock)
        await rows.set_artifact(unit, release.id, artifact)
        await rows.replace_documents(unit, release.id, documents)
        await connectors.declare(
            unit,
            release_id=release.id,
            app_id=release.app_id,
            department_id=release.department_id,
            connectors=_connectors(package),
            clock=clock,
        )
        await exchange.declare(
            unit,
            release_id=release.id,
            app_id=release.app_id,
            department_id=release.department_id,
            exports=_exports(package),
            imports=_imports(package),
            clock=clock,
        )
        terms = [_terms(document) for document in documents]
        await consent.register_documents(
            unit, release_id=release.id, app_id=release.app_id, documents=terms, clock=clock
        )
        await messages.register_templates(unit, release_id=release.id, templates=templates)
        found = await rows.find(unit, release.id)
        if found is None:
            raise NotFound
        return found[0]


def _templates(package: Package, findings: list[str]) -> list[AppTemplate]:
    """Return the message templates that a package declares; one without words is a finding."""
    found = []
    for name in package.manifest["shimin"].get("messages", ()):
        title, body = (
            {locale: words.get(f"{name}.{part}", "") for locale, words in package.texts.items()}
            for part in letter.PARTS
        )
        try:
            found.append(AppTemplate(name, title, body))
        except InvalidInput as refusal:
            findings.append(str(refusal))
    return found


def _read_documents(package: Package, edge: Edge) -> tuple[list[ReleaseDocument], list[str]]:
    """Read every declared document against the schema; return them and what is wrong with the others."""
    documents, findings = [], []
    for declared in package.documents:
        try:
            documents.append(_document(declared, edge))
        except Refusal as refusal:
            findings.append(f"{declared.path}: {refusal}")
    return documents, findings


def _connectors(package: Package) -> list[connectors.DeclaredConnector]:
    declared = package.manifest["shimin"].get("connectors", ())
    return [connectors.DeclaredConnector(item["name"], item["origin"]) for item in declared]


def _exports(package: Package) -> list[exchange.Export]:
    declared = package.manifest["shimin"].get("exports", ())
    return [exchange.Export(item["operation"], item["input"], item["output"]) for item in declared]


def _imports(package: Package) -> list[exchange.Import]:
    declared = package.manifest["shimin"].get("imports", ())
    return [
        exchange.Import(
            exchange.ServiceName(item["app"], item["operation"]), package.words(item["purpose"]), item["retention"]
        )
        for item in declared
    ]


def _declaration_findings(package: Package) -> list[str]:
    """Return what keeps connectors, exports and imports from being taken."""
    try:
        connectors.check_declared(_connectors(package))
        exchange.need_declarations(package.app_id, _exports(package), _imports(package))
    except Refusal as refusal:
        return [f"manifest.json: {refusal}"]
    return []


def _document(declared: Document, edge: Edge) -> ReleaseDocument:
    return ReleaseDocument(
        path=declared.path,
        text=declared.text,
        purpose=dict(declared.purpose),
        retention=declared.retention,
        scopes=edge.read_document(declared.text),
    )


def _terms(document: ReleaseDocument) -> DocumentTerms:
    return DocumentTerms(
        document_id=document.scopes.document_id,
        name=document.path,
        scopes=document.scopes.scopes,
        purpose=document.purpose,
        retention=document.retention,
    )


async def _build(
    release: Release,
    package: Package,
    *,
    blobs: Blobs,
    builder: ComponentBuilder,
    signer: Signer,
    progress: Progress | None,
) -> Artifact:
    """Build in a fresh folder, store what came out under its digests, and sign what may run."""
    with tempfile.TemporaryDirectory(prefix="shimin-build-") as folder:
        source, work = Path(folder, "source"), Path(folder, "work")
        await asyncio.to_thread(package.unpack, source)
        await asyncio.to_thread(work.mkdir)
        built = await builder(source, entry=package.entry, work_dir=work, on_progress=progress)
        component = await asyncio.to_thread(built.component.read_bytes)
        compiled = await asyncio.to_thread(built.compiled.read_bytes)
    statement = artifact_statement(
        package_digest=release.digest,
        component_digest=built.component_digest,
        compiled_digest=built.compiled_digest,
        engine=built.engine,
    )
    artifact = Artifact(
        component_key=f"components/{built.component_digest.removeprefix('sha256:')}.wasm",
        compiled_key=f"compiled/{built.compiled_digest.removeprefix('sha256:')}.cwasm",
        component_digest=built.component_digest,
        compiled_digest=built.compiled_digest,
        signature=signer.sign(statement).hex(),
        engine=built.engine,
    )
    await blobs.put(artifact.component_key, component, content_type="application/wasm")
    await blobs.put(artifact.compiled_key, compiled, content_type="application/octet-stream")
    log.info("release.built", release_id=release.id, digest=release.digest, engine=built.engine)
    return artifact
