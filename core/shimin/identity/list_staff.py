"""Everybody who holds or held an office, for the platform itself."""

from shimin.db import Reader
from shimin.identity import rows
from shimin.identity.model import StaffMember


async def list_staff(reader: Reader) -> list[StaffMember]:
    """Return members and operators, dismissed ones too; operators first, then by department and name."""
    return await rows.all_staff(reader)
