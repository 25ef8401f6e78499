"""A mini-app's GraphQL documents as typed Python: ``server/operations.py``, written from the schema that comes along.

Needs graphql-core (the extra ``cli``); what it writes needs nothing but ``shimin_sdk``.
"""

from shimin_sdk.cli.generate.folder import MODULE_FILE, check_documents, generate, is_written, wanted_text
from shimin_sdk.cli.generate.shapes import UnclearOperationError

__all__ = ["MODULE_FILE", "UnclearOperationError", "check_documents", "generate", "is_written", "wanted_text"]
