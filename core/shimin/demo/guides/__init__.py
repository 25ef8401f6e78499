"""Service guides of the invented city of Linhai, in Chinese and English, in the form the importer reads.

Nothing in them exists: the area codes and telephone numbers are not assigned, the addresses end in ``.example``.
"""

from contextlib import AbstractContextManager
from importlib import resources
from typing import IO

SOCIAL_SECURITY_APP = "linhai.hrss.social-security"
"""The mini-app that the guide of social insurance accounts opens."""


def open_sample() -> AbstractContextManager[IO[bytes]]:
    """Open the file of guides; pass it to ``shimin.catalogue.import_guides``."""
    return (resources.files(__name__) / "linhai.jsonl").open("rb")
