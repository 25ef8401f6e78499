"""A mini-app's GraphQL documents as typed Python: ``server/operations.py``, written from the schema that comes along.

Needs graphql-core (the extra ``cli``); what it writes needs nothing but ``shimin_sdk``.
"""

from shimin_sdk.cli.generate.folder import (
    MODULE_FILE,
    check_documents,
    documents_of,
    generate,
    is_written,
    reads_of,
    wanted_text,
)
from shimin_sdk.cli.generate.scopes import Change, Reads, differences
from shimin_sdk.cli.generate.shapes import UnclearOperationError

__all__ = [
    "MODULE_FILE",
    "Change",
    "Reads",
    "UnclearOperationError",
    "check_documents",
    "differences",
    "documents_of",
    "generate",
    "is_written",
    "reads_of",
    "wanted_text",
]
