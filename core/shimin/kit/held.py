"""Whether a transaction is open here: adapters that wait for a network ask, though they know nothing of databases."""

from contextvars import ContextVar
from typing import Protocol


class Held(Protocol):
    """Something that must not be kept waiting, such as an open unit."""

    is_open: bool


UNIT_HELD: ContextVar[Held | None] = ContextVar("shimin_unit_held", default=None)
"""The unit open in this task or in the one it was started from; the database sets it."""


class UnitHeldDuringIo(AssertionError):  # noqa: N818 - a bug of the caller, like any failed assertion
    """A bug: something slow (network, sandbox, another unit) was started while a unit was open."""


def assert_outside_unit(what: str) -> None:
    """Catch the bug of doing something slow inside a transaction; ports that use network or sandbox call it.

    Args:
        what: the thing about to be done, for the message ("call the payment channel").

    Raises:
        UnitHeldDuringIo: a unit is open in this task or the one it was started from.
    """
    held = UNIT_HELD.get()
    if held is not None and held.is_open:
        message = f"a unit is open: it may not {what}; do it before or after"
        raise UnitHeldDuringIo(message)
