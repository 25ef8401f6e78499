"""Model fields that mean the same on both engines; rows.py of every domain uses these."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from tortoise.fields.base import Field
from tortoise.fields.data import BigIntField, BooleanField

from shimin.db.binding import FLAG_SQLITE_TYPE, INSTANT_SQLITE_TYPE, as_instant

if TYPE_CHECKING:
    from tortoise.models import Model

DOCUMENT_BYTES_MAX = 1024 * 1024
"""Largest document a column takes; larger content belongs in the object store."""


class InstantField(Field[datetime], datetime):  # the ORM's way to state the Python type
    """A moment: aware UTC in Python, TIMESTAMPTZ on PostgreSQL, fixed-width text that sorts on SQLite."""

    SQL_TYPE = "TIMESTAMPTZ"

    class _db_sqlite:  # noqa: N801 - the ORM finds a dialect's override by this name
        SQL_TYPE = INSTANT_SQLITE_TYPE

    def to_db_value(self, value: Any, instance: "type[Model] | Model") -> datetime | None:  # noqa: ARG002
        """Return the moment in UTC.

        Raises:
            ValueError: it has no zone.
            TypeError: it is not a datetime.
        """
        if value is None:
            self.validate(value)
            return None
        if not isinstance(value, datetime):
            message = f"{self.model_field_name} takes a datetime, not {type(value).__name__}"
            raise TypeError(message)
        if value.tzinfo is None:
            message = f"{self.model_field_name} takes aware times only; take it from the clock"
            raise ValueError(message)
        self.validate(value)
        return value.astimezone(UTC)

    def to_python_value(self, value: Any) -> datetime | None:
        """Return the moment as an aware UTC datetime."""
        return None if value is None else as_instant(value)


class DocumentField(Field[Any]):
    """A JSON object or array as TEXT on both engines: read and written whole, never queried by its parts."""

    SQL_TYPE = "TEXT"
    indexable = False
    field_type = object

    def to_db_value(self, value: Any, instance: "type[Model] | Model") -> str | None:  # noqa: ARG002
        """Return the value as JSON text with sorted keys.

        Raises:
            ValueError: the text would be larger than ``DOCUMENT_BYTES_MAX``.
            TypeError: it is neither an object nor an array.
        """
        self.validate(value)
        if value is None:
            return None
        if not isinstance(value, dict | list | tuple):
            message = f"{self.model_field_name} takes a dict or a list, not {type(value).__name__}"
            raise TypeError(message)
        return dump_document(value)

    def to_python_value(self, value: Any) -> Any:
        """Return the JSON value (a default given as a Python value passes unchanged)."""
        return orjson.loads(value) if isinstance(value, str | bytes) else value


class MoneyField(BigIntField):
    """An amount in whole minor units of the currency that the row names; never a float."""

    def to_db_value(self, value: Any, instance: "type[Model] | Model") -> int | None:  # noqa: ARG002
        """Return the amount.

        Raises:
            TypeError: it is not a whole number.
        """
        amount_minor = self.to_python_value(value)
        self.validate(amount_minor)
        return amount_minor

    def to_python_value(self, value: Any) -> int | None:
        """Return the amount; what is not a whole number is refused, not rounded."""
        if value is not None and type(value) is not int:
            message = f"{self.model_field_name} takes whole minor units, not {type(value).__name__}"
            raise TypeError(message)
        amount_minor: int | None = value
        return amount_minor


class IdField(Field[str], str):  # type: ignore[misc] # noqa: SLOT000 - the ORM's way to state the Python type
    """A prefixed id (``pay_…``) or other short key as TEXT; may be the primary key, unique or indexed."""

    SQL_TYPE = "TEXT"


class FlagField(BooleanField[bool]):
    """True or false, also in rows fetched by plain SQL on SQLite, where the ORM's own gives 0 and 1."""

    SQL_TYPE = "BOOLEAN"

    class _db_sqlite:  # noqa: N801 - the ORM finds a dialect's override by this name
        SQL_TYPE = FLAG_SQLITE_TYPE


def dump_document(value: object) -> str:
    """Return JSON text with sorted keys.

    Raises:
        ValueError: the text would be larger than ``DOCUMENT_BYTES_MAX``.
    """
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    if len(text) > DOCUMENT_BYTES_MAX:
        message = f"a document of {len(text)} bytes is larger than {DOCUMENT_BYTES_MAX}"
        raise ValueError(message)
    return text.decode()
