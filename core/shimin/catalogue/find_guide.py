"""Reads one guide."""

from shimin.catalogue.model import Guide
from shimin.catalogue.views import GUIDES
from shimin.catalogue.wire import from_details
from shimin.db import Reader
from shimin.db.reading import read_one
from shimin.kit.call import Call

CODE_CHARS_MAX = 64


async def find_guide(call: Call, code: str, *, reader: Reader) -> Guide | None:
    """Return the guide of this national item code, or None."""
    if len(code) > CODE_CHARS_MAX or not code.isascii() or not code.isprintable():
        return None
    row = await read_one(reader, GUIDES, call, code.upper())
    return None if row is None else from_details(row["code"], row["details"])
