"""A phone on the developer's desk: ``shimin-sdk dev`` shows a mini-app in the browser, for invented citizens.

Needs nothing but Python. Handlers run in the developer's own interpreter, one call at a time, so breakpoints work.
"""

from shimin_sdk.dev.backend import Backend
from shimin_sdk.dev.server import DevServer

__all__ = ["Backend", "DevServer"]
