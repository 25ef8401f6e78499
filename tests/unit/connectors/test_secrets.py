"""Who sets a connector's secret, and that nobody reads it again."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shimin import connectors
from shimin.adapters.file_sealer import FileSealer
from shimin.connectors import CallRecord, Connector, ConnectorSecretInvalid, DeclaredConnector, SetSecret, connector_id
from shimin.connectors.rows import find_way
from shimin.db import Database
from shimin.kit.call import ANONYMOUS, Actor, Call, Role, system_call
from shimin.kit.clock import FixedClock
from shimin.kit.ids import DepartmentId
from shimin.kit.refusal import NotAllowed, NotFound, NotSignedIn

APP, RELEASE, ORIGIN = "linhai.hrss.pension", "rel_1", "https://api.hrss.example"
DEPARTMENT, OTHER = DepartmentId("hrss.linhai"), DepartmentId("police.linhai")
OWN = connector_id(APP, "hrss", ORIGIN)
SECRET = "Bearer of-the-department"
ORDER = SetSecret(OWN, "authorization", SECRET)
GUEST = Call(
    actor=Actor(kind="miniapp", id=RELEASE, app_id=APP, release_id=RELEASE, department_id=DEPARTMENT),
)


def member(role: Role, department: DepartmentId = DEPARTMENT) -> Call:
    return Call(actor=Actor(kind="member", id=f"stf_{role}", department_id=department, roles=frozenset({role})))


def operator(role: Role) -> Call:
    return Call(actor=Actor(kind="operator", id=f"stf_{role}", roles=frozenset({role})))


@pytest.fixture
def sealer(tmp_path: Path) -> FileSealer:
    return FileSealer(tmp_path / "sealing")


@pytest.fixture(autouse=True)
async def declared(db: Database, frozen_clock: FixedClock) -> None:
    await declare(db, frozen_clock)


async def declare(db: Database, clock: FixedClock, release_id: str = RELEASE, origin: str = ORIGIN) -> None:
    async with db.unit() as unit:
        await connectors.declare(
            unit,
            release_id=release_id,
            app_id=APP,
            department_id=DEPARTMENT,
            connectors=[DeclaredConnector("hrss", origin)],
            clock=clock,
        )


async def put(db: Database, sealer: FileSealer, clock: FixedClock, call: Call, order: SetSecret = ORDER) -> Connector:
    async with db.unit() as unit:
        return await connectors.set_secret(call, order, unit=unit, sealer=sealer, clock=clock)


async def way(db: Database, release_id: str = RELEASE) -> Any:
    async with db.reader() as reader:
        return await find_way(reader, release_id=release_id, name="hrss")


async def log(db: Database) -> list[tuple[str, str]]:
    async with db.reader() as reader:
        rows = await reader.fetch("SELECT action, subject FROM audit_platform_entry ORDER BY seq")
    return [(row["action"], row["subject"]) for row in rows]


@pytest.mark.parametrize("call", [member("department_admin"), operator("releaser"), system_call()])
async def test_the_departments_admin_and_a_releaser_set_it(
    db: Database, sealer: FileSealer, frozen_clock: FixedClock, call: Call
) -> None:
    found = await put(db, sealer, frozen_clock, call)
    assert (found.header, found.secret_version, found.set_by, found.set_at) == (
        *("authorization", 1, call.actor.id),
        frozen_clock.now(),
    )
    assert sealer.unseal((await way(db)).sealed, OWN) == SECRET.encode()
    assert await log(db) == [("connector.secret_set", OWN)]


@pytest.mark.parametrize(
    ("call", "refusal"),
    [
        (Call(actor=ANONYMOUS), NotSignedIn),
        (Call(actor=Actor(kind="citizen", id="ctz_1")), NotAllowed),
        (member("developer"), NotAllowed),
        (member("department_admin", OTHER), NotFound),
        (operator("reviewer"), NotAllowed),
        (operator("auditor"), NotAllowed),
        (GUEST, NotAllowed),
    ],
)
async def test_nobody_else_sets_or_clears_it(
    db: Database, sealer: FileSealer, frozen_clock: FixedClock, call: Call, refusal: type[Exception]
) -> None:
    await put(db, sealer, frozen_clock, system_call())
    before = await way(db)
    with pytest.raises(refusal):
        await put(db, sealer, frozen_clock, call, SetSecret(OWN, "x-api-key", "another-secret-of-theirs"))
    with pytest.raises(refusal):
        async with db.unit() as unit:
            await connectors.clear_secret(call, OWN, unit=unit, clock=frozen_clock)
    assert await way(db) == before
    assert len(await log(db)) == 1


async def test_another_secret_takes_its_place(db: Database, sealer: FileSealer, frozen_clock: FixedClock) -> None:
    await put(db, sealer, frozen_clock, member("department_admin"))
    order = SetSecret(OWN, "x-api-key", "the-second-secret")
    assert (await put(db, sealer, frozen_clock, operator("releaser"), order)).secret_version == 2
    found = await way(db)
    assert (found.header, sealer.unseal(found.sealed, OWN)) == ("x-api-key", b"the-second-secret")


async def test_a_cleared_secret_is_gone_and_clearing_again_changes_nothing(
    db: Database, sealer: FileSealer, frozen_clock: FixedClock
) -> None:
    await put(db, sealer, frozen_clock, member("department_admin"))
    for _ in range(2):
        async with db.unit() as unit:
            found = await connectors.clear_secret(member("department_admin"), OWN, unit=unit, clock=frozen_clock)
        assert (found.header, found.set_at, found.secret_version) == (None, None, 1)
    assert (await way(db)).sealed is None
    assert [action for action, _ in await log(db)] == ["connector.secret_set", "connector.secret_cleared"]


async def test_the_secret_is_in_no_table_fact_or_answer(
    db: Database, sealer: FileSealer, frozen_clock: FixedClock
) -> None:
    found = await put(db, sealer, frozen_clock, member("department_admin"))
    async with db.reader() as reader:
        names = ("connector", "audit_platform_entry", "outbox")
        tables = [await reader.fetch(f"SELECT * FROM {name}") for name in names]  # noqa: S608 - constants
        told = f"{tables} {found!r} {ORDER!r} {await way(db)!r}"
    assert "of-the-department" not in told
    assert (await way(db)).sealed not in repr(await way(db))


async def test_an_unknown_connector_or_a_secret_that_cannot_be_sent_is_refused(
    db: Database, sealer: FileSealer, frozen_clock: FixedClock
) -> None:
    with pytest.raises(NotFound):
        await put(db, sealer, frozen_clock, system_call(), SetSecret("sha256:none", "x-api-key", SECRET))
    with pytest.raises(ConnectorSecretInvalid):
        await put(db, sealer, frozen_clock, system_call(), SetSecret(OWN, "x-api-key", "line\r\nbreak-in-the-secret"))
    assert (await way(db)).sealed is None


async def test_the_next_release_keeps_the_secret_only_for_the_same_origin(
    db: Database, sealer: FileSealer, frozen_clock: FixedClock
) -> None:
    await put(db, sealer, frozen_clock, system_call())
    await declare(db, frozen_clock, "rel_2")
    await declare(db, frozen_clock, "rel_3", "https://evil.example")
    assert (await way(db, "rel_2")).sealed == (await way(db)).sealed
    assert ((await way(db, "rel_3")).origin, (await way(db, "rel_3")).sealed) == ("https://evil.example", None)
    assert await way(db, "rel_4") is None


async def test_a_new_sealing_key_takes_over_every_secret(
    db: Database, sealer: FileSealer, frozen_clock: FixedClock, tmp_path: Path
) -> None:
    await put(db, sealer, frozen_clock, system_call())
    sealer.add_key()
    for moved in (1, 0):
        async with db.unit() as unit:
            assert await connectors.reseal(system_call(), unit=unit, sealer=sealer, clock=frozen_clock) == moved
    (tmp_path / "sealing" / "seal-0001.key").unlink()
    assert FileSealer(tmp_path / "sealing").unseal((await way(db)).sealed, OWN) == SECRET.encode()
    with pytest.raises(NotAllowed):
        async with db.unit() as unit:
            await connectors.reseal(operator("releaser"), unit=unit, sealer=sealer, clock=frozen_clock)


async def test_what_was_asked_is_forgotten_after_ninety_days(db: Database, frozen_clock: FixedClock) -> None:
    def record(path: str) -> CallRecord:
        return CallRecord(frozen_clock.now(), "hrss", "GET", path, "answered", 200, 0, 2, 5)

    async with db.unit() as unit:
        await connectors.record_calls(GUEST, [record("/old")], unit=unit)
    frozen_clock.at += timedelta(days=60)
    async with db.unit() as unit:
        await connectors.record_calls(GUEST, [record("/new"), record("/newer")], unit=unit)
    frozen_clock.at += timedelta(days=31)
    async with db.unit() as unit:
        assert await connectors.prune_calls(system_call(), unit=unit, clock=frozen_clock) == 1
        with pytest.raises(NotAllowed):
            await connectors.prune_calls(GUEST, unit=unit, clock=frozen_clock)
    async with db.reader() as reader:
        kept = await reader.fetch("SELECT path_template FROM connector_call ORDER BY id")
    assert [row["path_template"] for row in kept] == ["/new", "/newer"]
