"""The enums that operations take or answer.

Written by `make clients` from the operation and the schema: change it there.
"""

from enum import StrEnum


class AccessOutcome(StrEnum):
    """What came of an access."""

    ALLOWED = "ALLOWED"
    DENIED = "DENIED"
    FAILED = "FAILED"


class Capacity(StrEnum):
    """``Capacity`` of the schema."""

    CITIZEN = "CITIZEN"
    STAFF = "STAFF"


class DayKind(StrEnum):
    """Which days a time limit counts."""

    WORKING = "WORKING"
    CALENDAR = "CALENDAR"


class GrantState(StrEnum):
    """What became of a decision."""

    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    SUPERSEDED = "SUPERSEDED"
    EXPIRED = "EXPIRED"


class GuideMatching(StrEnum):
    """How strictly the words of a search were taken: the strictest way that finds anything."""

    ALL_WORDS = "ALL_WORDS"
    """Every word is in the guide."""
    KEY_WORDS = "KEY_WORDS"
    """Every word is, but those with which people ask."""
    ANY_WORD = "ANY_WORD"
    """A part of the query is in a name of the guide."""


class GuideSnippetField(StrEnum):
    """Where in a guide a snippet comes from."""

    CONDITIONS = "CONDITIONS"
    MATERIALS = "MATERIALS"
    PLACE = "PLACE"
    DEPARTMENT = "DEPARTMENT"


class PaymentState(StrEnum):
    """Where a payment stands."""

    REQUESTED = "REQUESTED"
    CONFIRMED = "CONFIRMED"
    SETTLED = "SETTLED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
