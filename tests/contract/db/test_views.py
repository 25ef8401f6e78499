"""What views promise: nobody sees a row the rule does not give them, and pages neither skip nor repeat."""

import base64
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from shimin.db import (
    AnyOf,
    Column,
    Database,
    DepartmentRows,
    Everyone,
    InvalidCursor,
    OwnRows,
    PageTooLarge,
    Rule,
    Staff,
    View,
    read_many,
    read_one,
    read_page,
)
from shimin.kit.call import ANONYMOUS, Actor, Call, system_call
from shimin.kit.ids import CitizenId, DepartmentId

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
A, B = CitizenId("ctz_a"), CitizenId("ctz_b")


def view_of(rule: Rule) -> View:
    return View(
        name="thing",
        table="test_thing",
        columns={
            "id": Column("id", "id", "public"),
            "owner": Column("owner_id", "id", "personal"),
            "made_at": Column("made_at", "instant", "personal"),
            "seen_at": Column("seen_at", "instant", "personal", nullable=True),
            "content": Column("content", "document", "sensitive", nullable=True),
            "is_open": Column("is_open", "flag", "public"),
            "amount": Column("amount_minor", "money", "personal"),
        },
        key=("id",),
        sort={
            "newest": (("made_at", "desc"),),
            "oldest": (("made_at", "asc"),),
            "largest": (("amount", "desc"), ("made_at", "asc")),
        },
        visible=rule,
    )


def citizen(citizen_id: CitizenId) -> Call:
    return Call(actor=Actor(kind="citizen", id=citizen_id, citizen_id=citizen_id, assurance=2))


def release(citizen_id: CitizenId) -> Call:
    return citizen(citizen_id).for_release(app_id="linhai.bus", release_id="rel_1", department_id=DepartmentId("hrss"))


def member(department: str) -> Call:
    return Call(actor=Actor(kind="member", id="mbr_1", department_id=DepartmentId(department)))


def operator(*roles: str) -> Call:
    return Call(actor=Actor(kind="operator", id="opr_1", roles=frozenset(roles)))


NOBODY = Call(actor=ANONYMOUS)
CALLS = {
    "nobody": NOBODY,
    "a": citizen(A),
    "b": citizen(B),
    "release of a": release(A),
    "hrss": member("hrss"),
    "tax": member("tax"),
    "auditor": operator("auditor"),
    "reviewer": operator("reviewer"),
    "staff posing as a": Call(actor=Actor(kind="operator", id="opr_1", citizen_id=A), on_behalf_of=A),
    "platform": system_call(),
    "platform for a": system_call(on_behalf_of=A),
}
OWN_A, OWN_B, ALL, NONE = {"a1", "a2"}, {"b1"}, {"a1", "a2", "b1"}, set[str]()
SEEN: dict[str, tuple[Rule, dict[str, set[str]]]] = {
    "everyone": (Everyone(), dict.fromkeys(CALLS, ALL)),
    "own rows": (OwnRows("owner_id"), {"a": OWN_A, "b": OWN_B, "release of a": OWN_A, "platform for a": OWN_A}),
    "own rows in person": (OwnRows("owner_id", in_person=True), {"a": OWN_A, "b": OWN_B}),
    "rows of the department": (DepartmentRows("department_id"), {"hrss": {"a1", "b1"}, "tax": {"a2"}}),
    "staff": (Staff("auditor"), {"auditor": ALL, "platform": ALL, "platform for a": ALL}),
    "any of three": (
        AnyOf(OwnRows("owner_id"), DepartmentRows("department_id"), Staff("auditor", "reviewer")),
        {
            "a": OWN_A,
            "b": OWN_B,
            "release of a": OWN_A,
            "hrss": {"a1", "b1"},
            "tax": {"a2"},
            "auditor": ALL,
            "reviewer": ALL,
            "platform": ALL,
            "platform for a": ALL,
        },
    ),
    "any of none": (AnyOf(), {}),
}


async def fill(db: Database) -> None:
    async with db.unit() as unit:
        for name, owner, department in (("a1", "ctz_a", "hrss"), ("a2", "ctz_a", "tax"), ("b1", "ctz_b", "hrss")):
            await unit.execute(
                "INSERT INTO test_thing (id, owner_id, department_id, made_at, is_open, amount_minor, content)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                *(name, owner, department, NOW, name == "a1", 7, '{"n": 1}'),
            )


@pytest.mark.parametrize(("rule", "expected"), SEEN.values(), ids=SEEN)
async def test_each_caller_sees_what_the_rule_gives_them_and_nothing_else(
    db: Database, rule: Rule, expected: dict[str, set[str]]
) -> None:
    await fill(db)
    view = view_of(rule)
    async with db.reader() as reader:
        for who, call in CALLS.items():
            allowed = expected.get(who, NONE)
            page = await read_page(reader, view, call, order="newest")
            assert {row["id"] for row in page.rows} == allowed, who
            for name in ALL:
                row = await read_one(reader, view, call, name)
                assert (row is not None) == (name in allowed), who
            found = await read_many(reader, view, call, "owner", ["ctz_a", "ctz_b", "ctz_c"])
            assert {row["id"] for rows in found.values() for row in rows} == allowed, who
            assert set(found) == {"ctz_a", "ctz_b", "ctz_c"}


async def test_naming_another_citizen_in_a_condition_gives_nothing(db: Database) -> None:
    await fill(db)
    async with db.reader() as reader:
        page = await read_page(reader, view_of(OwnRows("owner_id")), citizen(A), order="newest", where={"owner": B})
    assert page.rows == []
    assert page.end_cursor is None


async def test_rows_come_as_values_of_their_kind(db: Database) -> None:
    await fill(db)
    async with db.reader() as reader:
        row = await read_one(reader, view_of(Everyone()), NOBODY, "a1")
    assert row == {
        "id": "a1",
        "owner": "ctz_a",
        "made_at": NOW,
        "seen_at": None,
        "content": {"n": 1},
        "is_open": True,
        "amount": 7,
    }


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"is_open": True}, {"a1"}),
        ({"is_open": False}, {"a2", "b1"}),
        ({"owner": ["ctz_b", "ctz_c"]}, {"b1"}),
        ({"owner": []}, set()),
        ({"seen_at": None}, {"a1", "a2", "b1"}),
        ({"made_at": NOW, "owner": "ctz_a"}, {"a1", "a2"}),
        ({"made_at": [NOW]}, {"a1", "a2", "b1"}),
        ({"amount": (7, 8)}, {"a1", "a2", "b1"}),
        ({"owner": "' OR 1=1 --"}, set()),
    ],
)
async def test_conditions_pick_rows(db: Database, where: dict[str, object], expected: set[str]) -> None:
    await fill(db)
    async with db.reader() as reader:
        page = await read_page(reader, view_of(Everyone()), NOBODY, order="oldest", where=where)
    assert {row["id"] for row in page.rows} == expected


@pytest.mark.parametrize("order", ["newest", "oldest", "largest"])
@pytest.mark.parametrize("size", [1, 3, 7, 100])
async def test_pages_give_every_row_once_in_order_whatever_their_size(db: Database, order: str, size: int) -> None:
    """Many rows share a time and an amount, so only the key tells them apart."""
    async with db.unit() as unit:
        for number in range(23):
            await unit.execute(
                "INSERT INTO test_thing (id, owner_id, department_id, made_at, is_open, amount_minor)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                *(f"n{number:02}", "ctz_a", "hrss", NOW + timedelta(microseconds=number // 5), True, number % 4),
            )
    view = view_of(OwnRows("owner_id"))
    names: list[str] = []
    async with db.reader() as reader:
        after: str | None = None
        while True:
            page = await read_page(reader, view, citizen(A), order=order, first=size, after=after)
            names += [row["id"] for row in page.rows]
            after = page.end_cursor
            if not page.has_next:
                break
    rows = [(f"n{number:02}", number // 5, number % 4) for number in range(23)]
    expected = {
        "newest": sorted(rows, key=lambda row: (row[1], row[0]), reverse=True),
        "oldest": sorted(rows, key=lambda row: (row[1], row[0])),
        "largest": sorted(rows, key=lambda row: (-row[2], row[1], row[0])),
    }
    assert names == [name for name, _, _ in expected[order]]


def cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


@pytest.mark.parametrize(
    "after",
    [
        "",
        "?",
        "中文",
        "AAAA",
        "A" * 5000,
        cursor("thing", "oldest", "2026-03-01T08:30:00.000000Z", "a1"),
        cursor("other", "newest", "2026-03-01T08:30:00.000000Z", "a1"),
        cursor("thing", "newest", "2026-03-01T08:30:00.000000Z"),
        cursor("thing", "newest", "2026-03-01T08:30:00", "a1"),
        cursor("thing", "newest", "soon", "a1"),
        cursor("thing", "newest", 5, "a1"),
        cursor("thing", "newest", "2026-03-01T08:30:00.000000Z", "a\x001"),
        cursor("thing", "newest", "2026-03-01T08:30:00.000000Z", None),
        cursor("thing", "newest", "2026-03-01T08:30:00.000000Z", ["a1"]),
    ],
)
async def test_a_cursor_this_list_did_not_give_is_refused(db: Database, after: str) -> None:
    async with db.reader() as reader:
        with pytest.raises(InvalidCursor):
            await read_page(reader, view_of(Everyone()), NOBODY, order="newest", after=after)


async def test_a_number_beyond_the_column_in_a_cursor_is_refused(db: Database) -> None:
    after = cursor("thing", "largest", 2**63, "2026-03-01T08:30:00.000000Z", "a1")
    async with db.reader() as reader:
        with pytest.raises(InvalidCursor):
            await read_page(reader, view_of(Everyone()), NOBODY, order="largest", after=after)


@pytest.mark.parametrize("first", [0, -1, 101, 10**9])
async def test_more_than_a_hundred_rows_at_once_are_refused(db: Database, first: int) -> None:
    async with db.reader() as reader:
        with pytest.raises(PageTooLarge):
            await read_page(reader, view_of(Everyone()), NOBODY, order="newest", first=first)


async def test_a_strangers_cursor_shows_no_row_of_theirs(db: Database) -> None:
    await fill(db)
    view = view_of(OwnRows("owner_id"))
    async with db.reader() as reader:
        theirs = await read_page(reader, view, citizen(B), order="oldest")
        mine = await read_page(reader, view, citizen(A), order="newest", after=None)
        crossed = await read_page(reader, view, citizen(A), order="oldest", after=theirs.end_cursor)
    assert {row["id"] for row in mine.rows} == OWN_A
    assert crossed.rows == []
