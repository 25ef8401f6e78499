"""Read the natural person behind a citizen, for asking departments' sources about them."""

from shimin.db import Reader
from shimin.identity import rows
from shimin.identity.model import Person
from shimin.kit.ids import CitizenId


async def find_person(reader: Reader, citizen_id: CitizenId) -> Person | None:
    """Return name and id number of a citizen of level 2 or higher, None below; never for showing to anybody."""
    row = await rows.find_person_row(reader, citizen_id)
    return Person(name=row["name"], id_number=row["id_number"]) if row else None
