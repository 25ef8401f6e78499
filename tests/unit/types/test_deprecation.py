"""What is deprecated says since when, until when and what to use instead, in one form."""

import enum
from datetime import date
from typing import Annotated

import pytest
import strawberry

from shimin_graphql.types.deprecation import Deprecation, deprecated, deprecations, faults, read_deprecation

UNTIL = date(2027, 6, 30)
OLD = deprecated(since="0.2.0", until=UNTIL, use="Query.new")
RELEASES = {"0.1.0": date(2026, 12, 1), "0.2.0": date(2027, 1, 15)}


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"
    GREY = strawberry.enum_value("grey", deprecation_reason=OLD)


@strawberry.input
class Wanted:
    new: str | None = None
    old: str | None = strawberry.field(default=None, deprecation_reason=OLD)


@strawberry.type
class Query:
    @strawberry.field
    def new(self, wanted: Wanted, page: Annotated[int, strawberry.argument(deprecation_reason=OLD)] = 0) -> Colour:
        raise NotImplementedError

    @strawberry.field(deprecation_reason=OLD)
    def old(self) -> str:
        raise NotImplementedError


SCHEMA = strawberry.Schema(Query)._schema


def schema_with(reason: str) -> strawberry.Schema:
    @strawberry.type(name="Query")
    class Only:
        new: str
        old: str = strawberry.field(deprecation_reason=reason)

    return strawberry.Schema(Only)


def found(reason: str, today: date, next_release: str = "0.3.0") -> list[str]:
    return faults(schema_with(reason)._schema, RELEASES, next_release=next_release, today=today)


def test_a_deprecation_is_read_back_as_it_was_meant() -> None:
    assert OLD == "Since 0.2.0, until 2027-06-30: use Query.new."
    assert read_deprecation(OLD) == Deprecation("0.2.0", UNTIL, "Query.new")


def test_fields_arguments_input_fields_and_enum_values_are_found_by_their_coordinates() -> None:
    assert dict(deprecations(SCHEMA)) == dict.fromkeys(
        ("Query.old", "Query.new(page:)", "Wanted.old", "Colour.GREY"), OLD
    )


@pytest.mark.parametrize("use", ["", " ", "Query.new "])
def test_a_deprecation_that_names_no_replacement_cannot_be_written(use: str) -> None:
    with pytest.raises(ValueError, match="not a deprecation"):
        deprecated(since="0.2.0", until=UNTIL, use=use)


def test_a_deprecation_since_something_that_is_no_release_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="not a deprecation"):
        deprecated(since="spring", until=UNTIL, use="Query.new")


def test_a_deprecation_that_is_announced_long_enough_stands_until_its_last_day() -> None:
    assert found(OLD, today=date(2027, 1, 15)) == []
    assert found(OLD, today=UNTIL) == []


@pytest.mark.parametrize("reason", ["old", "Since 0.2.0: use Query.new.", "Since 0.2.0, until 2027-02-30: use it."])
def test_a_reason_in_another_form_is_a_fault(reason: str) -> None:
    (fault,) = found(reason, today=date(2027, 1, 15))
    assert fault.startswith("Query.old: write its reason with deprecated(")


def test_what_stands_after_its_day_is_a_fault() -> None:
    (fault,) = found(OLD, today=date(2027, 7, 1))
    assert fault == "Query.old: promised until 2027-06-30 only; remove it, or promise it for longer"


def test_less_than_90_days_of_notice_is_a_fault_that_says_the_earliest_day() -> None:
    (fault,) = found(deprecated(since="0.2.0", until=date(2027, 4, 14), use="Query.new"), today=date(2027, 1, 15))
    assert "2027-04-15 or later" in fault
    assert found(deprecated(since="0.2.0", until=date(2027, 4, 15), use="Query.new"), today=date(2027, 1, 15)) == []


def test_the_next_release_counts_from_today_and_an_unknown_one_is_a_fault() -> None:
    late = deprecated(since="0.3.0", until=UNTIL, use="Query.new")
    assert found(late, today=date(2027, 2, 1)) == []
    (fault,) = found(late, today=date(2027, 2, 1), next_release="0.4.0")
    assert "neither a release nor the next (0.4.0)" in fault
