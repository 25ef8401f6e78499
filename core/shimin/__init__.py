"""Shimin: identity, personal data, payments and messages for every public service, behind one GraphQL core."""

__version__ = "0.1.0"
