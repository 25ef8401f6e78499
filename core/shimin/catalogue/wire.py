"""A guide as the JSON document it is stored as, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from shimin.catalogue.model import Appointment, Area, Guide, Phones, Text, TimeLimit


def to_details(guide: Guide) -> dict[str, Any]:
    """Return everything of a guide but its code as plain JSON values."""
    return {
        "title": _text(guide.title),
        "department": _text(guide.department),
        "area": [guide.area.code, _text(guide.area.name)] if guide.area else None,
        "kind": guide.kind,
        "groups": list(guide.groups),
        "themes": list(guide.themes),
        "aliases": list(guide.aliases),
        "conditions": _text(guide.conditions),
        "materials": [_text(material) for material in guide.materials],
        "legal_limit": _limit(guide.legal_limit),
        "promised_limit": _limit(guide.promised_limit),
        "visits": guide.visits,
        "place": _text(guide.place),
        "fee": _text(guide.fee),
        "consult": _phones(guide.consult),
        "complaint": _phones(guide.complaint),
        "appointment": [guide.appointment.online, guide.appointment.url],
        "courier": guide.courier,
        "platform": _text(guide.platform),
        "url": guide.url,
        "mini_app_id": guide.mini_app_id,
    }


def from_details(code: str, details: Mapping[str, Any]) -> Guide:
    """Return the guide that was stored under this code."""
    area = details["area"]
    return Guide(
        code=code,
        title=Text(*details["title"]),
        department=_read_text(details["department"]),
        area=Area(area[0], Text(*area[1])) if area else None,
        kind=details["kind"],
        groups=tuple(details["groups"]),
        themes=tuple(details["themes"]),
        aliases=tuple(details["aliases"]),
        conditions=_read_text(details["conditions"]),
        materials=tuple(Text(*material) for material in details["materials"]),
        legal_limit=_read_limit(details["legal_limit"]),
        promised_limit=_read_limit(details["promised_limit"]),
        visits=details["visits"],
        place=_read_text(details["place"]),
        fee=_read_text(details["fee"]),
        consult=_read_phones(details["consult"]),
        complaint=_read_phones(details["complaint"]),
        appointment=Appointment(*details["appointment"]),
        courier=details["courier"],
        platform=_read_text(details["platform"]),
        url=details["url"],
        mini_app_id=details["mini_app_id"],
    )


def _text(text: Text | None) -> list[str | None] | None:
    return None if text is None else [text.zh, text.en]


def _limit(limit: TimeLimit | None) -> list[object] | None:
    return None if limit is None else [limit.days, limit.kind]


def _phones(phones: Phones | None) -> list[object] | None:
    return None if phones is None else [list(phones.numbers), phones.note]


def _read_text(value: Sequence[str] | None) -> Text | None:
    return Text(*value) if value else None


def _read_limit(value: Sequence[Any] | None) -> TimeLimit | None:
    return TimeLimit(value[0], value[1]) if value else None


def _read_phones(value: Sequence[Any] | None) -> Phones | None:
    return Phones(tuple(value[0]), value[1]) if value else None
