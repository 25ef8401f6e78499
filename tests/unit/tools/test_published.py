"""The gate before the published schema notices whatever would break a client, and nothing else."""

from datetime import date
from pathlib import Path

import pytest

import published
from shimin_graphql.types.deprecation import deprecated

TODAY = date(2027, 7, 1)
DUE = deprecated(since="0.1.0", until=date(2027, 6, 30), use="Query.new")
STANDING = deprecated(since="0.1.0", until=TODAY, use="Query.new")

BEFORE = """
directive @allow(who: [String!]!) on FIELD_DEFINITION | OBJECT
type Query {
  new(page: Int, kind: Kind): Found! @allow(who: ["anyone"])
  loose: String
  firm: String!
  count: Int
}
union Found = Message | Bill
type Message { id: ID! }
type Bill { id: ID! }
enum Kind { A B }
input Wanted { a: String }
type Mutation { make(wanted: Wanted!): String }
"""


def mark(reason: str) -> str:
    return f'@deprecated(reason: "{reason}")'


def changes(before: str, after: str) -> published.Changes:
    return published.compare(before, after, TODAY)


BREAKING = {
    "a field removed": ("loose: String", "", "Query.loose was removed"),
    "a type removed": ("union Found = Message | Bill\ntype Message { id: ID! }", "union Found = Bill", "Message was"),
    "a type changed": ("loose: String", "loose: Int", "Query.loose changed type from String to Int"),
    "a list made of one": ("loose: String", "loose: [String]", "Query.loose changed type"),
    "an argument made required": ("page: Int", "page: Int!", "Query.new(page:) has changed type"),
    "an argument removed": ("page: Int, ", "", "Query.new(page:) was removed"),
    "a required argument added": ("page: Int,", "page: Int, size: Int!,", "Query.new(size:) was added"),
    "an input field made required": ("{ a: String }", "{ a: String! }", "Wanted.a changed type"),
    "a required input field added": ("{ a: String }", "{ a: String b: Int! }", "Wanted.b was added"),
    "an enum value removed": ("{ A B }", "{ A }", "Kind.B was removed"),
    "a union member removed": ("= Message | Bill", "= Message", "Bill was removed from union type Found"),
    "nullable made from non-null": ("firm: String!", "firm: String", "Query.firm changed type from String! to String"),
}


@pytest.mark.parametrize("what", BREAKING)
def test_the_gate_notices(what: str) -> None:
    old, new, told = BREAKING[what]
    assert old in BEFORE
    breaking = changes(BEFORE, BEFORE.replace(old, new)).breaking
    assert [text for text in breaking if told in text] != [], breaking


DANGEROUS = {
    "a union member added": ("= Message | Bill", "= Message | Bill | Query", "Query was added to union type Found"),
    "an enum value added": ("{ A B }", "{ A B C }", "Kind.C was added"),
    "a default changed": ("page: Int", "page: Int = 5", ""),
    "who may read it changed": ('"anyone"', '"citizen"', "Field Query.new was @allow"),
    "who may read a type changed": ("type Bill {", 'type Bill @allow(who: ["staff"]) {', "Type Bill was unmarked"),
}


@pytest.mark.parametrize("what", DANGEROUS)
def test_what_a_careless_client_would_feel_is_listed_and_passes(what: str) -> None:
    old, new, told = DANGEROUS[what]
    found = changes(BEFORE, BEFORE.replace(old, new))
    assert found.breaking == []
    assert not told or [text for text in found.dangerous if told in text] != [], found.dangerous


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("loose: String", "loose: String more: Int"),
        ("loose: String", "loose: String!"),
        ("page: Int,", "page: Int, size: Int,"),
        ("page: Int", "pageAnew: Int page: Int"),
        ("{ id: ID! }", "{ id: ID! at: Int }"),
    ],
)
def test_what_no_client_feels_breaks_nothing(old: str, new: str) -> None:
    assert changes(BEFORE, BEFORE.replace(old, new)).breaking == []


REMOVALS = {
    "a field": ("loose: String", "loose: String MARK", ""),
    "an argument": ("page: Int,", "page: Int MARK,", ""),
    "an enum value": ("{ A B }", "{ A B MARK }", "{ A }"),
    "an input field": ("{ a: String }", "{ a: String b: Int MARK }", "{ a: String }"),
}


@pytest.mark.parametrize("what", REMOVALS)
def test_what_was_deprecated_and_is_due_may_go(what: str) -> None:
    old, marked, gone = REMOVALS[what]
    after = BEFORE.replace(old, gone)
    due, standing = (BEFORE.replace(old, marked.replace("MARK", mark(reason))) for reason in (DUE, STANDING))
    assert changes(due, after).breaking == []
    assert len(changes(standing, after).breaking) == 1


def test_a_reason_in_another_form_never_becomes_due() -> None:
    before = BEFORE.replace("loose: String", f"loose: String {mark('old')}")
    assert changes(before, BEFORE.replace("loose: String", "")).breaking == ["Field Query.loose was removed."]


def test_a_type_that_only_a_due_field_led_to_goes_with_it_and_others_do_not() -> None:
    before = (
        BEFORE.replace("loose: String", f"old: Old {mark(DUE)}") + "type Old { deep: Deeper } type Deeper { a: Int }"
    )
    assert changes(before, BEFORE.replace("loose: String", "")).breaking == []
    shared = before.replace("firm: String!", "firm: Deeper!")
    after = BEFORE.replace("loose: String", "")
    assert "Deeper was removed." in " ".join(changes(shared, after).breaking)


def test_publishing_moves_forward_and_refuses_while_something_breaks(tmp_path: Path) -> None:
    schema, kept = tmp_path / "schema.graphql", tmp_path / "published.graphql"

    def run(text: str, *, publish: bool) -> tuple[int, str]:
        schema.write_text(text, "utf-8")
        return published.run(schema, kept, publish=publish, today=TODAY)

    assert run(BEFORE, publish=False) == (1, published.NOT_PUBLISHED)
    assert run(BEFORE, publish=True)[0] == 0
    assert run(BEFORE, publish=False) == (0, "")
    broken = BEFORE.replace("loose: String", "")
    status, told = run(broken, publish=True)
    assert (status, kept.read_text("utf-8")) == (1, BEFORE)
    assert "BREAKS     Field Query.loose was removed." in told
    assert published.WHAT_TO_DO in told
    wider = BEFORE.replace("{ A B }", "{ A B C }")
    status, told = run(wider, publish=True)
    assert (status, kept.read_text("utf-8")) == (0, wider)
    assert "dangerous  Enum value Kind.C was added." in told
