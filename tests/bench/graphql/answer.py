"""What every configuration must answer: the home screen put together by hand, row by row, from the same database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from shimin.db import Reader, Row
from shimin.kit.call import Locale
from shimin.kit.text import say

MESSAGES = 10
BILLS = 5
MINI_APPS = 20


async def home(reader: Reader, citizen_id: str, locale: Locale) -> Mapping[str, Any]:
    """Return the data of the home screen for a citizen in a language."""
    [viewer] = await reader.fetch("SELECT * FROM identity_citizen WHERE citizen_id = $1", citizen_id)
    messages = await reader.fetch(
        "SELECT * FROM message WHERE citizen_id = $1 ORDER BY id DESC LIMIT $2", citizen_id, MESSAGES
    )
    bills = await reader.fetch(
        "SELECT * FROM payment_bill WHERE for_citizen = $1 AND state = 'OPEN' ORDER BY due_on, id LIMIT $2",
        *(citizen_id, BILLS),
    )
    releases = await reader.fetch(
        "SELECT r.* FROM live_release l JOIN release r ON r.id = l.release_id ORDER BY l.app_id LIMIT $1", MINI_APPS
    )
    departments = {row["id"]: orjson.loads(row["name"]) for row in await reader.fetch("SELECT * FROM department")}
    return {
        "viewer": {"id": viewer["citizen_id"], "name": viewer["name_masked"]},
        "unreadCount": await reader.fetch_value(
            "SELECT count(*) FROM message WHERE citizen_id = $1 AND read_at IS NULL", citizen_id
        ),
        "inbox": {"edges": [{"node": _message(row, departments, locale)} for row in messages]},
        "bills": {"edges": [{"node": _bill(row)} for row in bills]},
        "miniApps": [
            {
                "id": row["app_id"],
                "name": orjson.loads(row["name"])[locale],
                "departmentId": row["department_id"],
                "version": row["version_name"],
            }
            for row in releases
        ],
    }


def _message(row: Row, departments: Mapping[str, Any], locale: Locale) -> dict[str, Any]:
    values = orjson.loads(row["slot_values"])
    is_department = row["sender_kind"] == "DEPARTMENT"
    return {
        "id": row["id"],
        "title": say(f"message.{row['template']}.title", locale, values),
        "body": say(f"message.{row['template']}.body", locale, values),
        "sentAt": _instant(row["sent_at"]),
        "readAt": _instant(row["read_at"]),
        "department": {"id": row["sender"], "name": departments[row["sender"]][locale]} if is_department else None,
    }


def _bill(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "title": row["title"],
        "amount": {"amountMinor": str(row["amount_minor"]), "currency": row["currency"]},
        "dueOn": row["due_on"],
    }


def _instant(at: datetime | None) -> str | None:
    """Write a moment as the API does: ISO 8601, microseconds without trailing zeros."""
    if at is None:
        return None
    fraction = f".{at.microsecond:06}".rstrip("0").rstrip(".")
    return f"{at:%Y-%m-%dT%H:%M:%S}{fraction}+00:00"
