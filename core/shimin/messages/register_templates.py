"""Making the templates of a release known."""

from collections.abc import Sequence

from shimin.db import Unit
from shimin.kit.refusal import InvalidInput
from shimin.messages import rows
from shimin.messages.app_templates import AppTemplate

TEMPLATES_MAX = 50


async def register_templates(unit: Unit, *, release_id: str, templates: Sequence[AppTemplate]) -> None:
    """Make the message templates of a release known; again with the same changes nothing.

    Raises:
        InvalidInput: more than ``TEMPLATES_MAX``.
    """
    if len(templates) > TEMPLATES_MAX:
        raise InvalidInput(field="messages", reason=f"more than {TEMPLATES_MAX}")
    for template in templates:
        await rows.insert_template(unit, release_id, template)
