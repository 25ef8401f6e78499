"""A release desk: packages of any version, a builder that gives bytes, and one call of each office."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from shimin import releases
from shimin.adapters.file_signer import FileSigner
from shimin.adapters.folder_blobs import FolderBlobs
from shimin.config import Settings
from shimin.db import Database
from shimin.kit.call import Actor, Call, Role, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.digest import sha256_id
from shimin.kit.ids import DepartmentId
from shimin.ports.sandbox import BuiltComponent, MiniAppBuildFailed
from shimin.releases import Release
from shimin_graphql.edge import SchemaEdge, make_edge
from shimin_sdk.pack import from_files, from_folder

SAMPLE = Path(__file__).parents[3] / "miniapps" / "social-security"
APP = "linhai.hrss.social-security"
HRSS, POLICE = DepartmentId("hrss.linhai"), DepartmentId("psb.linhai")
Step = Callable[..., Awaitable[Release]]


def member(name: str, department: DepartmentId = HRSS, role: Role = "developer") -> Call:
    """Return a call by somebody of a department."""
    return Call(actor=Actor(kind="member", id=f"stf_{name}", department_id=department, roles=frozenset({role})))


def operator(name: str, *roles: Role) -> Call:
    """Return a call by somebody of the platform."""
    return Call(actor=Actor(kind="operator", id=f"stf_{name}", roles=frozenset(roles)))


DEVELOPER = member("dev")
REVIEWER, RELEASER = operator("rev", "reviewer"), operator("rel", "releaser")


def package(
    version: int = 1, *, app_id: str = APP, department: str = HRSS, changed: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    """Return the sample's archive as another version, app, department, or with some files changed."""
    found = dict(from_folder(SAMPLE).files)
    manifest = json.loads(found["manifest.json"])
    manifest |= {"app_id": app_id, "version": {"code": version, "name": f"1.{version}.0"}}
    manifest["shimin"]["department"] = department
    found["manifest.json"] = json.dumps(manifest, ensure_ascii=False).encode()
    found |= {name: text.encode() for name, text in changed.items()}
    return from_files(found).archive


@dataclass
class QuickBuilder:
    """A builder whose component is its source's entry, so that no compiler runs here."""

    fails: str | None = None
    built: list[str] = field(default_factory=list)

    async def __call__(
        self,
        source_dir: Path,
        *,
        entry: str,
        work_dir: Path,
        timeout_s: float = 180,
        on_progress: Callable[[str], None] | None = None,
    ) -> BuiltComponent:
        """Give the bytes of the entry."""
        if self.fails:
            raise MiniAppBuildFailed(step="componentize", reason=self.fails)
        assert timeout_s
        source = await asyncio.to_thread((source_dir / entry).read_bytes)
        component, compiled = work_dir / "app.wasm", work_dir / "app.cwasm"
        await asyncio.to_thread(component.write_bytes, b"component " + source)
        await asyncio.to_thread(compiled.write_bytes, b"compiled " + source)
        self.built.append(entry)
        if on_progress:
            on_progress("built")
        return BuiltComponent(
            component=component,
            compiled=compiled,
            source_digest=sha256_id(source),
            component_digest=sha256_id(b"component " + source),
            compiled_digest=sha256_id(b"compiled " + source),
            engine="test engine",
            functions=1,
            imports=(),
            duration_ms=1,
        )


@dataclass
class Desk:
    """Releases over a database, with everything their verbs ask for."""

    db: Database
    clock: FixedClock
    blobs: FolderBlobs
    edge: SchemaEdge
    signer: FileSigner
    builder: QuickBuilder

    async def upload(self, content: bytes, call: Call = DEVELOPER) -> Release:
        """Upload an archive."""
        return await releases.upload(call, content, db=self.db, blobs=self.blobs, clock=self.clock)

    async def check(self, release_id: str) -> Release:
        """Check and build a release."""
        return await releases.check(
            system_call(),
            release_id,
            db=self.db,
            blobs=self.blobs,
            edge=self.edge,
            builder=self.builder,
            signer=self.signer,
            clock=self.clock,
        )

    async def do(self, step: Step, call: Call, *given: Any) -> Release:
        """Take one step in a unit of its own."""
        async with self.db.unit() as unit:
            return await step(call, *given, unit=unit, clock=self.clock)

    async def ready(self, version: int = 1, **more: Any) -> Release:
        """Upload and check a version."""
        return await self.check((await self.upload(package(version, **more))).id)

    async def reviewed(self, version: int = 1) -> Release:
        """Return a version that waits for review."""
        return await self.do(releases.submit, DEVELOPER, (await self.ready(version)).id)

    async def approved(self, version: int = 1) -> Release:
        """Return a version that may go live."""
        release = await self.reviewed(version)
        return await self.do(releases.approve, REVIEWER, release.id, release.digest)

    async def live(self, version: int = 1) -> Release:
        """Return a version that citizens get."""
        return await self.do(releases.go_live, RELEASER, (await self.approved(version)).id)

    async def state(self, release_id: str) -> str:
        """Return a release's state as written."""
        async with self.db.reader() as reader:
            return str(await reader.fetch_value("SELECT state FROM release WHERE id = $1", release_id))

    async def served(self) -> list[str]:
        """Return the versions citizens get."""
        async with self.db.reader() as reader:
            return [item.id for item in await releases.all_live(reader)]

    async def rows(self, sql: str, *args: object) -> list[Mapping[str, Any]]:
        """Look into a table."""
        async with self.db.reader() as reader:
            return [dict(row) for row in await reader.fetch(sql, *args)]

    async def counts(self) -> tuple[int, int, int]:
        """Count releases, log entries and facts."""
        async with self.db.reader() as reader:
            found = [
                int(await reader.fetch_value(f"SELECT COUNT(*) FROM {table}"))  # noqa: S608 - named here
                for table in ("release", "audit_platform_entry", "outbox")
            ]
        return found[0], found[1], found[2]


@pytest.fixture(scope="session")
def edge() -> SchemaEdge:
    """Read documents against the platform's own schema."""
    return make_edge(Settings())


@pytest.fixture
def desk(db: Database, frozen_clock: FixedClock, tmp_path: Path, edge: SchemaEdge) -> Desk:
    """Give a desk with nothing uploaded."""
    blobs = FolderBlobs(tmp_path / "blobs", base_url="http://127.0.0.1", secret=b"s" * 32, clock=frozen_clock)
    return Desk(db, frozen_clock, blobs, edge, FileSigner(tmp_path / "build.key"), QuickBuilder())
