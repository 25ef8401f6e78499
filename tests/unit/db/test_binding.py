"""SQL and values that mean the same on both engines."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shimin.db import as_instant
from shimin.db.binding import to_instant_text, to_sqlite_args, to_sqlite_sql

aware = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.just(UTC)).flatmap(  # noqa: DTZ001
    lambda at: st.integers(-14 * 60, 14 * 60).map(lambda minutes: at.astimezone(timezone(timedelta(minutes=minutes))))
)


@given(aware)
def test_a_time_comes_back_as_the_same_moment(at: datetime) -> None:
    assert as_instant(to_instant_text(at)) == at


@given(aware, aware)
def test_times_as_text_sort_as_times(one: datetime, other: datetime) -> None:
    assert (to_instant_text(one) < to_instant_text(other)) == (one < other)
    assert len(to_instant_text(one)) == 27


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT $1, $2, $1", "SELECT ?1, ?2, ?1"),
        ("SELECT '$1', \"$2\", $3", "SELECT '$1', \"$2\", ?3"),
        ("SELECT 'it''s $1' -- $2\n, $3 /* $4 */", "SELECT 'it''s $1' -- $2\n, ?3 /* $4 */"),
        ("SELECT a FROM t WHERE b = $1 FOR UPDATE", "SELECT a FROM t WHERE b = ?1"),
        ("SELECT a FROM t FOR NO KEY UPDATE OF t NOWAIT", "SELECT a FROM t"),
        (
            "UPDATE t SET a = 1 WHERE b IN (SELECT b FROM t FOR UPDATE SKIP LOCKED)",
            "UPDATE t SET a = 1 WHERE b IN (SELECT b FROM t)",
        ),
        ("SELECT 'x FOR UPDATE'", "SELECT 'x FOR UPDATE'"),
        ("SELECT 'wait FOR UPDATE)'", "SELECT 'wait FOR UPDATE)'"),
    ],
)
def test_placeholders_and_row_locks_are_rewritten_outside_of_quotes_alone(sql: str, expected: str) -> None:
    assert to_sqlite_sql(sql) == expected


@given(st.text(max_size=40))
def test_a_quoted_text_is_never_touched(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert to_sqlite_sql(f"SELECT {quoted}, $1") == f"SELECT {quoted}, ?1"


def test_a_time_without_a_zone_is_refused_everywhere() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - what is refused
    for refuse in (to_instant_text, as_instant, lambda at: to_sqlite_args([at])):
        with pytest.raises(ValueError, match="zone"):
            refuse(naive)
