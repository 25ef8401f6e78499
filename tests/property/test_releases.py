"""Releases under random commands by random people: whatever they try, what is live was approved by somebody else."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.unit.releases.conftest import Desk, QuickBuilder, member, package

from shimin import releases
from shimin.adapters.file_signer import FileSigner
from shimin.adapters.folder_blobs import FolderBlobs
from shimin.config import Settings
from shimin.db import Database, open_database
from shimin.kit.call import Actor, Call, Role
from shimin.kit.clock import FixedClock
from shimin.kit.refusal import Refusal
from shimin.releases import State
from shimin_graphql.edge import SchemaEdge, make_edge

ROLES: tuple[Role, ...] = ("developer", "reviewer", "releaser")
PEOPLE = [
    member("a"),
    member("b"),
    *(Call(actor=Actor(kind="operator", id=f"stf_{name}", roles=frozenset(ROLES))) for name in ("a", "c")),
    Call(actor=Actor(kind="operator", id="stf_d", roles=frozenset({"releaser"}))),
]
"""Two developers, somebody who holds every office (one of them a developer as well), and a plain releaser."""
WHO, PICK = st.sampled_from(PEOPLE), st.integers(min_value=0, max_value=30)
_machines = count(1)


class ReleaseMachine(RuleBasedStateMachine):
    """Uploads and moves releases of one app; after each step the promises must hold in the tables themselves."""

    runner: asyncio.Runner
    db: Database
    clock: FixedClock
    edge: SchemaEdge
    folder: Path

    def __init__(self) -> None:
        """Begin with an app of this run's own."""
        super().__init__()
        self.app_id = f"linhai.hrss.app{next(_machines)}"
        blobs = FolderBlobs(self.folder / "blobs", base_url="http://127.0.0.1", secret=b"s" * 32)
        self.desk = Desk(self.db, self.clock, blobs, self.edge, FileSigner(self.folder / "key"), QuickBuilder())
        self.releases: list[releases.Release] = []
        self.highest = 0

    @rule(who=WHO, version=st.integers(min_value=1, max_value=12))
    def upload(self, who: Call, version: int) -> None:
        """Upload and check a version: taken exactly when it is the highest so far, from somebody who may."""
        content = package(version, app_id=self.app_id)
        try:
            release = self.runner.run(self.desk.upload(content, who))
        except Refusal:
            assert version <= self.highest or "developer" not in who.actor.roles
            return
        assert version > self.highest
        self.highest = version
        self.releases.append(self.runner.run(self.desk.check(release.id)))

    @rule(who=WHO, pick=PICK)
    def submit(self, who: Call, pick: int) -> None:
        """Ask for review."""
        self._try(releases.submit, who, pick)

    @rule(who=WHO, pick=PICK, right=st.sampled_from([True, True, False]))
    def approve(self, who: Call, pick: int, right: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        """Approve its digest, or another."""
        if self.releases:
            digest = self.releases[pick % len(self.releases)].digest
            self._try(releases.approve, who, pick, digest if right else "sha256:" + "0" * 64)

    @rule(who=WHO, pick=PICK)
    def reject(self, who: Call, pick: int) -> None:
        """Send it back."""
        self._try(releases.reject, who, pick, ["unclear"])

    @rule(who=WHO, pick=PICK)
    def go_live(self, who: Call, pick: int) -> None:
        """Serve it."""
        self._try(releases.go_live, who, pick)

    @rule(who=WHO, pick=PICK)
    def suspend(self, who: Call, pick: int) -> None:
        """Halt it."""
        self._try(releases.suspend, who, pick)

    @rule(who=WHO, pick=PICK)
    def lift(self, who: Call, pick: int) -> None:
        """Serve it again."""
        self._try(releases.lift, who, pick)

    @rule(pick=PICK)
    def pass_all_the_way(self, pick: int) -> None:
        """Take one through every step by the right people, so that random runs get far."""
        for step, who in ((releases.submit, 0), (releases.approve, 3), (releases.go_live, 4)):
            given = [self.releases[pick % len(self.releases)].digest] if who == 3 and self.releases else []
            self._try(step, PEOPLE[who], pick, *given)

    def _try(self, step: Callable[..., Awaitable[releases.Release]], who: Call, pick: int, *given: Any) -> None:
        """Take a step; a refusal is an answer, anything else fails the run."""
        if not self.releases:
            return
        release = self.releases[pick % len(self.releases)]
        before = self.runner.run(self.desk.state(release.id))
        try:
            moved = self.runner.run(self.desk.do(step, who, release.id, *given))
        except Refusal:
            assert self.runner.run(self.desk.state(release.id)) == before, "a refusal moves nothing"
            return
        assert moved.state.value != before

    @invariant()
    def what_is_live_was_approved_by_somebody_else(self) -> None:
        """At most one is live, its approved digest is its digest, and four eyes saw it."""
        rows = self.runner.run(self.desk.rows("SELECT * FROM release WHERE app_id = $1 ORDER BY id", self.app_id))
        live = [row for row in rows if row["state"] == State.LIVE]
        served = self.runner.run(self.desk.rows("SELECT release_id FROM live_release WHERE app_id = $1", self.app_id))
        assert [row["release_id"] for row in served] == [row["id"] for row in live]
        assert len(live) <= 1
        for row in rows:
            if row["state"] in {State.APPROVED, State.LIVE, State.SUPERSEDED, State.SUSPENDED}:
                assert row["approved_digest"] == row["digest"]
                assert row["approved_by"] not in {None, row["uploaded_by"]}
        versions = [row["version_code"] for row in rows]
        assert versions == sorted(set(versions))


def test_what_citizens_get_was_approved_by_somebody_else_whatever_anybody_tries(
    database_url: str, models: tuple[str, ...], frozen_clock: FixedClock
) -> None:
    with asyncio.Runner() as runner, tempfile.TemporaryDirectory(prefix="shimin-releases-") as folder:
        ReleaseMachine.runner = runner
        ReleaseMachine.db = runner.run(open_database(database_url, models=models, pool_size=2, clock=frozen_clock))
        ReleaseMachine.clock = frozen_clock
        ReleaseMachine.edge = make_edge(Settings())
        ReleaseMachine.folder = Path(folder)
        try:
            run_state_machine_as_test(
                ReleaseMachine, settings=settings(max_examples=15, stateful_step_count=25, deadline=None)
            )
        finally:
            runner.run(ReleaseMachine.db.close())
