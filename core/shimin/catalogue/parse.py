"""Reads one line of a guides file: pure, total (no line makes it fail), and honest about what it could not read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from shimin.catalogue.fields import FOUND_CHARS_MAX, NAME_CHARS_MAX, Fields, tidy
from shimin.catalogue.model import Appointment, Area, Guide, Problem, Text
from shimin.kit.text import fold

_CODE = re.compile(r"[0-9A-Z][0-9A-Z_-]{0,63}")
_AREA_CODE = re.compile(r"\d{6}")
_MINI_APP_ID = re.compile(r"[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*){1,7}")
_NO_COUNTER = "无线下办理窗口"
"""Stands in the place's field where there is no counter to go to."""


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """What a line says: a guide, unless it had to be left out, and everything that was not read."""

    guide: Guide | None
    problems: tuple[Problem, ...] = ()


def parse_line(line: bytes, number: int) -> ParsedLine:
    """Return the guide of a line.

    Args:
        line: one JSON object in UTF-8; its fields as the provincial portal publishes them, and beside them
            ``fee``, ``mini_app_id`` and ``en``, an object with the texts in English under the same names.
        number: the line's number in its file, from 1.

    Returns:
        No guide where the line is no JSON object or has no item code or no name; else the guide, with each field that
        could not be read left out and reported.
    """
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _skipped(number, None, "", "NOT_JSON", line.decode("utf-8", "replace"))
    if not isinstance(values, dict):
        return _skipped(number, None, "", "NOT_AN_OBJECT", line.decode("utf-8", "replace"))
    english = values.get("en")
    fields = Fields(values, number, english if isinstance(english, dict) else None)
    code = fields.plain("TASK_CODE", NAME_CHARS_MAX)
    code = fold(code).upper() if code else ""
    if not _CODE.fullmatch(code):
        return _skipped(number, None, "TASK_CODE", "NOT_A_CODE", str(values.get("TASK_CODE")))
    fields.code = code
    title = fields.text("TASK_NAME", NAME_CHARS_MAX)
    if title is None:
        return _skipped(number, code, "TASK_NAME", "MISSING", str(values.get("TASK_NAME")))
    if english is not None and not isinstance(english, dict):
        fields.problem("en", "WRONG_TYPE", english)
    return ParsedLine(_guide(fields, code, title, values), tuple(fields.problems))


def _skipped(line: int, code: str | None, field: str, reason: str, found: str) -> ParsedLine:
    problem = Problem(line, code, field, reason, tidy(found[: 2 * FOUND_CHARS_MAX])[:FOUND_CHARS_MAX], is_skipped=True)
    return ParsedLine(None, (problem,))


def _guide(fields: Fields, code: str, title: Text, values: Mapping[str, object]) -> Guide:
    department = fields.text("DEPT_NAME", NAME_CHARS_MAX)
    if department is None:
        fields.problem("DEPT_NAME", "MISSING", values.get("DEPT_NAME"))
    return Guide(
        code=code,
        title=title,
        department=department,
        area=_area(fields),
        kind=fields.plain("TASK_TYPE_TEXT", NAME_CHARS_MAX),
        groups=fields.names("service_object_name"),
        themes=fields.names("theme_category"),
        aliases=_aliases(fields, title),
        conditions=fields.text("accept_standard"),
        materials=fields.texts("material_intro"),
        legal_limit=fields.limit("handle_time"),
        promised_limit=fields.limit("handle_time_limit"),
        visits=fields.count("visit_number"),
        place=_place(fields),
        fee=fields.text("fee"),
        consult=fields.phones("consult_phone"),
        complaint=fields.phones("complain_phone"),
        appointment=_appointment(fields),
        courier=fields.flag("courier_service"),
        platform=fields.text("bear_paltform", NAME_CHARS_MAX),
        url=fields.url("URL"),
        mini_app_id=_mini_app_id(fields),
    )


def _area(fields: Fields) -> Area | None:
    code = fields.plain("AREACODE", NAME_CHARS_MAX)
    name = fields.text("AREA_CODE_TEXT", NAME_CHARS_MAX)
    if code is None and name is None:
        fields.problem("AREACODE", "MISSING", "")
        return None
    folded = fold(code or "")
    if not _AREA_CODE.fullmatch(folded):
        fields.problem("AREACODE", "NOT_AN_AREA", code or "")
        return None
    return Area(folded, name or Text(folded))


def _aliases(fields: Fields, title: Text) -> tuple[str, ...]:
    """Return the names people use beside the title: short ones and those of daily life, several in one field."""
    names: dict[str, None] = {}
    for field in ("matter_short", "matter_daily", "subTaskName", "CATANAME"):
        text = fields.plain(field, NAME_CHARS_MAX)
        for part in re.split(r"[,，、;；]", text or ""):
            if part.strip() and part.strip() not in title.zh:
                names[part.strip()] = None
    return tuple(names)


def _place(fields: Fields) -> Text | None:
    place = fields.text("handle_location", prefix="办理地点")
    return None if place is None or place.zh == _NO_COUNTER else place


def _appointment(fields: Fields) -> Appointment:
    """Return whether a visit can be booked online: only with an address to book at.

    The published flag alone does not say so: it stands on every service that can be applied for online.
    """
    flag, url = fields.flag("online_book"), fields.url("online_book_addr")
    if flag is False and url is not None:
        fields.problem("online_book", "CONTRADICTION", url)
        return Appointment(online=False, url=None)
    return Appointment(online=url is not None, url=url)


def _mini_app_id(fields: Fields) -> str | None:
    app = fields.plain("mini_app_id", NAME_CHARS_MAX)
    if app is not None and not _MINI_APP_ID.fullmatch(app):
        fields.problem("mini_app_id", "NOT_AN_APP", app)
        return None
    return app
