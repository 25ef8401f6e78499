"""Checking a release and building what will run: rules, documents against the schema, the component, its signature."""

import asyncio
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog
from shimin_sdk.pack import Package, read
from shimin_sdk.rules import check_package

from shimin import consent
from shimin.consent import DocumentTerms
from shimin.db import Database
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotFound, Refusal
from shimin.kit.text import LOCALES
from shimin.ports.blobs import Blobs
from shimin.ports.edge import Edge
from shimin.ports.signer import Signer
from shimin.releases import rows
from shimin.releases.advance import advance
from shimin.releases.model import Artifact, Release, ReleaseDocument, State

log = structlog.get_logger("shimin.releases")
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BuiltPackage:
    """What a builder made of a package: the portable component and its compiled form, with the engine it fits."""

    component: bytes
    compiled: bytes
    engine: str


class Builder(Protocol):
    """Turns unpacked source into a component; runs outside a unit, in processes that can be killed."""

    async def build(self, source: Path, *, entry: str, on_progress: Progress | None = None) -> BuiltPackage:
        """Return what was built.

        Raises:
            Refusal: ``BUILD_FAILED`` with what the developer must mend.
        """
        ...


async def check(
    call: Call,
    release_id: str,
    *,
    db: Database,
    blobs: Blobs,
    edge: Edge,
    builder: Builder,
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
    documents, findings = _documents(package, edge)
    findings = [*(str(item) for item in check_package(package) if item.severity == "error"), *findings]
    artifact = None
    if not findings:
        try:
            artifact = await _build(release, package, blobs=blobs, builder=builder, signer=signer, progress=on_progress)
        except Refusal as refusal:
            findings = [str(refusal)]
    async with db.unit() as unit:
        if artifact is None:
            await rows.set_findings(unit, release_id, findings[:50])
            return await advance(call, release_id, "fail_check", unit=unit, clock=clock)
        await rows.set_artifact(unit, release_id, artifact)
        await rows.replace_documents(unit, release_id, documents)
        await consent.register_documents(
            unit,
            release_id=release_id,
            app_id=release.app_id,
            documents=[_terms(document) for document in documents],
            clock=clock,
        )
        return await advance(call, release_id, "pass_check", unit=unit, clock=clock)


def _documents(package: Package, edge: Edge) -> tuple[list[ReleaseDocument], list[str]]:
    """Read every declared document against the schema; return them and what is wrong with the others."""
    documents, findings = [], []
    for declared in package.manifest.operations:
        text = package.files[declared.document].decode("utf-8")
        try:
            scopes = edge.read_document(text)
        except Refusal as refusal:
            findings.append(f"{declared.document}: {refusal}")
            continue
        purpose = {locale: package.text(declared.purpose, locale) for locale in LOCALES}
        documents.append(ReleaseDocument(declared.document, text, purpose, declared.retention, scopes))
    return documents, findings


def _terms(document: ReleaseDocument) -> DocumentTerms:
    return DocumentTerms(
        document_id=document.scopes.document_id,
        name=document.path,
        scopes=document.scopes.scopes,
        purpose=document.purpose,
        retention=document.retention,
    )


async def _build(
    release: Release, package: Package, *, blobs: Blobs, builder: Builder, signer: Signer, progress: Progress | None
) -> Artifact:
    """Build in a fresh folder, store what came out under its digests, and sign what may run."""
    with tempfile.TemporaryDirectory(prefix="shimin-build-") as folder:
        source = Path(folder)
        await asyncio.to_thread(_unpack, package, source)
        built = await builder.build(source, entry=package.manifest.entry, on_progress=progress)
    artifact = unsigned(release, built)
    await blobs.put(artifact.component_key, built.component, content_type="application/wasm")
    await blobs.put(artifact.compiled_key, built.compiled, content_type="application/octet-stream")
    signature = signer.sign(signed_bytes(release.digest, artifact))
    log.info("release.built", release_id=release.id, digest=release.digest, engine=built.engine)
    return Artifact(**{**_as_dict(artifact), "signature": signature.hex()})
