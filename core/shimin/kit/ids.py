"""Identifiers that sort by the time they were made and say what they name."""

import re
from typing import NewType

from uuid_utils import uuid7

from shimin.kit.refusal import InvalidId

CitizenId = NewType("CitizenId", str)
"""A natural person: ``ctz_…``; the distribution key of every table a citizen owns."""
DepartmentId = NewType("DepartmentId", str)
"""A department: its reverse-DNS name, such as ``hrss.linhai``."""

_SHAPE = re.compile(r"[a-z]{2,5}_[0-9a-f]{32}")


def new_id(prefix: str) -> str:
    """Make ``<prefix>_<UUIDv7 in hex>``: unique everywhere, increasing on one machine.

    Args:
        prefix: 2 to 5 lower-case letters naming the kind of thing (``ctz``, ``pay``, ``msg``).

    Source: RFC 9562 section 5.7.
    """
    return f"{prefix}_{uuid7().hex}"


def check_id(value: str, prefix: str) -> str:
    """Return ``value`` unchanged if it is an id of that prefix.

    Raises:
        InvalidId: it has another shape or names another kind of thing.
    """
    if not _SHAPE.fullmatch(value) or not value.startswith(f"{prefix}_"):
        raise InvalidId(expected=prefix)
    return value
