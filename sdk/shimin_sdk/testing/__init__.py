"""A phone and a core in memory: a mini-app's tests run without a server, a network or an account."""

from shimin_sdk.testing.clock import TestClock
from shimin_sdk.testing.load import load_app
from shimin_sdk.testing.memory import InboxMessage, MemoryServices
from shimin_sdk.testing.phone import CitizenPhone, Phone
from shimin_sdk.testing.store import MemoryHost

__all__ = ["CitizenPhone", "InboxMessage", "MemoryHost", "MemoryServices", "Phone", "TestClock", "load_app"]
