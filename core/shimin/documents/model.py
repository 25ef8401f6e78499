"""A trusted document: the text of one operation under the name of its hash."""

import re
from dataclasses import dataclass
from datetime import datetime

from shimin.documents.errors import InvalidClient
from shimin.kit.document import OperationKind
from shimin.kit.refusal import InvalidInput

DEFAULT_CLIENT = "mobile"
NAME_CHARS_LOGGED = 200
_CLIENT = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class RegisterDocument:
    """What to register: a text, and the client it is for (``mobile``)."""

    text: str
    client: str = DEFAULT_CLIENT
    revive: bool = False
    """Trust it again although it was retired."""

    def check(self) -> None:
        """Go on only if the client can be named so and the text be kept.

        Raises:
            InvalidClient: the name is not like ``mobile-legacy``.
            InvalidInput: the text holds a character that no database keeps.
        """
        if "\x00" in self.text:
            raise InvalidInput(field="text", reason="no NUL characters")
        if not _CLIENT.fullmatch(self.client):
            raise InvalidClient(reason="1 to 40 of a-z, 0-9 and -, a letter first")


@dataclass(frozen=True, slots=True)
class TrustedDocument:
    """One registered document; its text never changes, because its id is the text's hash."""

    id: str
    name: str
    kind: OperationKind
    client: str
    text: str
    registered_at: datetime
    registered_by: str
    retired_at: datetime | None
    retired_by: str | None
