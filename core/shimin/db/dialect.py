"""How each engine writes JSON text in SQL, so that a statement's answer can be sent as it comes.

Everything here makes expressions of type text. Texts are built by joining pieces rather than by the engines' own JSON
constructors: the keys stay in order and may be of any length, nothing but the values is escaped, and the bytes are
the same on both engines and as orjson writes them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shimin.db.view import Kind

SqlKind = Kind | Literal["objects"]
INT_MIN, INT_MAX = -(2**31), 2**31 - 1
"""GraphQL's Int has 32 bits (specification section 3.5.1); beyond it there is no answer, only an error."""
_CONCAT_MAX = 90
"""PostgreSQL functions take at most 100 arguments."""


@dataclass(frozen=True, slots=True)
class Sql:
    """An expression with what its value is: ``kind`` says how it becomes JSON."""

    text: str
    kind: SqlKind
    nullable: bool = False


class Dialect(ABC):
    """One engine's way to write what compiled statements are made of."""

    name: str
    broken: str
    """An expression that fails the statement when a row reaches it: there is no right answer in this one."""

    @abstractmethod
    def parameter(self, number: int, kind: Kind) -> str:
        """Return the place of the ``number``-th value (from 1)."""

    @abstractmethod
    def concat(self, parts: Sequence[str]) -> str:
        """Join texts that are never NULL."""

    @abstractmethod
    def joined(self, text: str, only: str = "") -> str:
        """Join a text of every row with commas; the empty text for no rows. ``only``: a condition on rows."""

    @abstractmethod
    def member(self, document: str, name: str) -> str:
        """Return a member of a JSON object as text, NULL where it is missing or null."""

    @abstractmethod
    def items(self, document: str, alias: str) -> str:
        """Return a FROM clause whose ``alias.item`` are the texts of a JSON array, in order."""

    @abstractmethod
    def same(self, left: str, right: str) -> str:
        """Compare two values as Python does: NULL equals NULL."""

    @abstractmethod
    def least(self, left: str, right: str) -> str:
        """Return the smaller of two numbers."""

    @abstractmethod
    def hexed(self, text: str) -> str:
        """Return the hexadecimal digits of a text's UTF-8."""

    @abstractmethod
    def quoted(self, text: str) -> str:
        """Return a text as a JSON string."""

    @abstractmethod
    def instant(self, moment: str) -> str:
        """Return a moment as a JSON string in ISO 8601, UTC as ``+00:00``, the fraction without trailing zeros."""

    @abstractmethod
    def instant_in_cursor(self, moment: str) -> str:
        """Return a moment as a JSON string of fixed width, as cursors hold it."""

    def literal(self, text: str) -> str:
        """Return a text as SQL writes it."""
        if "\x00" in text:
            message = "a text in a statement cannot hold NUL"
            raise ValueError(message)
        escaped = text.replace("'", "''")
        return f"'{escaped}'"

    def json(self, value: Sql, *, null: str = "'null'") -> str:
        """Return the value as JSON text, never NULL.

        Args:
            null: the expression for a value that is NULL.
        """
        written = self._json(value)
        return f"CASE WHEN {value.text} IS NULL THEN {null} ELSE {written} END" if value.nullable else written

    def _json(self, value: Sql) -> str:
        """Return the JSON text of a value that is there."""
        text = value.text
        match value.kind:
            case "integer":
                inside = f"WHEN {text} BETWEEN {INT_MIN} AND {INT_MAX} THEN CAST({text} AS TEXT)"
                return f"CASE {inside} ELSE {self.broken} END"
            case "money":
                return f"('\"' || {text} || '\"')"
            case "flag":
                return f"CASE WHEN {text} THEN 'true' ELSE 'false' END"
            case "instant":
                return self.instant(text)
            case "document" | "objects":
                return text
            case _:
                return self.quoted(text)

    def choice(self, value: Sql, names: Mapping[str, str], *, null: str = "'null'") -> str:
        """Return an enumeration's name for a stored text as JSON; a text of no name breaks the statement."""
        known = " ".join(f"WHEN {self.literal(raw)} THEN '\"{name}\"'" for raw, name in names.items())
        nothing = f" WHEN {value.text} IS NULL THEN {null}" if value.nullable else ""
        if nothing:
            known = " ".join(
                f"WHEN {value.text} = {self.literal(raw)} THEN '\"{name}\"'" for raw, name in names.items()
            )
            return f"CASE{nothing} {known} ELSE {self.broken} END"
        return f"CASE {value.text} {known} ELSE {self.broken} END"

    def in_cursor(self, value: Sql) -> str:
        """Return a sort column's value as the JSON that cursors hold."""
        if value.kind == "instant":
            return self.instant_in_cursor(value.text)
        if value.kind in {"integer", "money"}:
            return f"CAST({value.text} AS TEXT)"
        return self.quoted(value.text)


class PostgresDialect(Dialect):
    """PostgreSQL 15 and later, in a session whose time zone is UTC."""

    name = "postgres"
    # Volatile, so that the planner never works it out ahead of the row that needs it.
    broken = "((('!' || random())::json)::text)"
    _TYPES: Mapping[str, str] = {
        "integer": "bigint",
        "money": "bigint",
        "instant": "timestamptz",
        "flag": "boolean",
    }

    def sql_type(self, kind: Kind) -> str:
        """Return the type of a parameter of that kind."""
        return self._TYPES.get(kind, "text")

    def parameter(self, number: int, kind: Kind) -> str:
        """Return a numbered placeholder with its type."""
        return f"${number}::{self.sql_type(kind)}"

    def concat(self, parts: Sequence[str]) -> str:
        """Join by ``concat``, which copies once where ``||`` would copy at every step."""
        if len(parts) == 1:
            return parts[0]
        if len(parts) > _CONCAT_MAX:
            groups = [self.concat(parts[at : at + _CONCAT_MAX]) for at in range(0, len(parts), _CONCAT_MAX)]
            return self.concat(groups)
        return f"concat({', '.join(parts)})"

    def joined(self, text: str, only: str = "") -> str:
        """Join by ``string_agg``; rows come in the order of the subquery below."""
        return f"coalesce(string_agg({text}, ','){_filter(only)}, '')"

    def member(self, document: str, name: str) -> str:
        """Read the member by ``->>``."""
        return f"(({document})::json ->> {self.literal(name)})"

    def items(self, document: str, alias: str) -> str:
        """Unnest by ``json_array_elements_text``."""
        return f"json_array_elements_text(({document})::json) AS {alias}(item)"

    def same(self, left: str, right: str) -> str:
        """Compare by IS NOT DISTINCT FROM."""
        return f"({left} IS NOT DISTINCT FROM {right})"

    def least(self, left: str, right: str) -> str:
        """Compare by LEAST."""
        return f"least({left}, {right})"

    def hexed(self, text: str) -> str:
        """Encode what UTF-8 makes of it."""
        return f"encode(convert_to({text}, 'UTF8'), 'hex')"

    def quoted(self, text: str) -> str:
        """Quote by ``to_json``."""
        return f"to_json({text})::text"

    def instant(self, moment: str) -> str:
        """Write by ``to_json``, which trims the fraction."""
        return f"to_json({moment})::text"

    def instant_in_cursor(self, moment: str) -> str:
        """Write by ``to_char`` with all six digits."""
        return f'to_char({moment} AT TIME ZONE \'UTC\', \'"\\""YYYY-MM-DD"T"HH24:MI:SS.US"Z\\""\')'


class SqliteDialect(Dialect):
    """SQLite 3.40 and later, with moments stored as fixed-width text."""

    name = "sqlite"
    broken = "json('!' || random())"

    def parameter(self, number: int, kind: Kind) -> str:  # noqa: ARG002 - values have types of their own here
        """Return a numbered placeholder."""
        return f"?{number}"

    def concat(self, parts: Sequence[str]) -> str:
        """Join by ``||``."""
        return f"({' || '.join(parts)})" if len(parts) > 1 else parts[0]

    def joined(self, text: str, only: str = "") -> str:
        """Join by ``group_concat``; rows come in the order of the subquery below."""
        return f"coalesce(group_concat({text}, ','){_filter(only)}, '')"

    def member(self, document: str, name: str) -> str:
        """Read the member by its quoted path."""
        path = self.literal(f'$."{name}"')
        return f"json_extract({self._whole(document)}, {path})"

    def items(self, document: str, alias: str) -> str:
        """Unnest by ``json_each``."""
        return f"(SELECT value AS item FROM json_each({self._whole(document)}) ORDER BY key) AS {alias}"  # noqa: S608 - columns

    def _whole(self, document: str) -> str:
        """Return a document of which no text ends early: SQLite ends texts at NUL, and has no right answer then."""
        return f"CASE WHEN instr({document}, '\\u0000') THEN {self.broken} ELSE {document} END"

    def same(self, left: str, right: str) -> str:
        """Compare by IS."""
        return f"({left} IS {right})"

    def least(self, left: str, right: str) -> str:
        """Compare by two-armed ``min``."""
        return f"min({left}, {right})"

    def hexed(self, text: str) -> str:
        """Encode by ``hex``, in small letters as Python writes them."""
        return f"lower(hex({text}))"

    def quoted(self, text: str) -> str:
        """Quote by ``json_quote``, which makes ``null`` of NULL."""
        return f"json_quote({text})"

    def instant(self, moment: str) -> str:
        """Trim the stored text."""
        return f"('\"' || rtrim(rtrim(substr({moment}, 1, 26), '0'), '.') || '+00:00\"')"

    def instant_in_cursor(self, moment: str) -> str:
        """Quote the stored text."""
        return f"('\"' || {moment} || '\"')"


def _filter(only: str) -> str:
    return f" FILTER (WHERE {only})" if only else ""


DIALECTS: Mapping[str, Dialect] = {"postgres": PostgresDialect(), "sqlite": SqliteDialect()}
"""Each engine's dialect by its name."""
