"""Mistakes in a view's declaration are found when it is made."""

from typing import Any

import pytest

from shimin.db import ActorValue, AnyOf, Column, DepartmentRows, Everyone, OwnRows, Staff, View, rule_sql

COLUMNS = {"id": Column("id", "id", "public"), "note": Column("note", "text", "personal", nullable=True)}


@pytest.mark.parametrize(
    "change",
    [
        {"table": "thing; DROP TABLE thing"},
        {"columns": {"id": Column('id" --', "id", "public")}},
        {"columns": {'id"': Column("id", "id", "public")}, "key": ('id"',)},
        {"visible": OwnRows("owner id")},
        {"visible": AnyOf(Everyone(), DepartmentRows("x'"))},
        {"sort": {"noted": (("note", "asc"),)}},
        {"sort": {"other": (("missing", "asc"),)}},
        {"key": ("missing",)},
        {"key": ()},
    ],
)
def test_a_wrong_declaration_is_refused(change: dict[str, Any]) -> None:
    right: dict[str, Any] = {"name": "t", "table": "thing", "columns": COLUMNS, "key": ("id",), "visible": Everyone()}
    View(**right)
    with pytest.raises(ValueError):
        View(**{**right, **change})


def test_a_rule_is_written_the_same_for_every_way_to_ask() -> None:
    """The compiled engine binds the caller's values by name; whatever it binds stands where the rule needs it."""
    asked: list[ActorValue] = []

    def bind(value: ActorValue) -> str:
        asked.append(value)
        return f":{value.name}"

    rule = AnyOf(OwnRows("citizen_id"), DepartmentRows("department_id"), Staff("reviewer", "auditor"))
    assert rule_sql(rule, "m", bind) == (
        '(m."citizen_id" = :own OR m."department_id" = :department OR :staff_auditor_reviewer)'
    )
    assert [value.is_flag for value in asked] == [False, False, True]
    assert rule_sql(AnyOf(), "m", bind) == "FALSE"
