"""Who saw or did what, why and when: append-only, one hash chain per citizen and one for the platform."""

from shimin.audit.errors import AccessNotLogged
from shimin.audit.model import PLATFORM_CHAIN, Entry, Outcome, chain_of
from shimin.audit.record import record
from shimin.audit.verify import Anchor, Break, ChainReport, chains, verify
from shimin.audit.views import ACCESS_LOG, PLATFORM_LOG

__all__ = [
    "ACCESS_LOG",
    "PLATFORM_CHAIN",
    "PLATFORM_LOG",
    "AccessNotLogged",
    "Anchor",
    "Break",
    "ChainReport",
    "Entry",
    "Outcome",
    "chain_of",
    "chains",
    "record",
    "verify",
]
