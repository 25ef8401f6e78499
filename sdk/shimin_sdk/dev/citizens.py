"""Who holds the phone: invented citizens from ``dev/citizens.json``, or from what the mini-app rehearses."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

from shimin_sdk.app import App
from shimin_sdk.connector import Reply
from shimin_sdk.money import Money
from shimin_sdk.testing import MemoryHost
from shimin_sdk.testing.store import Bill

FILE = "dev/citizens.json"
"""Beside the package and not part of it: invented people never reach the platform."""


class CitizensUnreadable(ValueError):  # noqa: N818 - says what happened
    """The file of invented citizens does not say what it should; the message says what is wrong."""


@dataclass(frozen=True)
class Invented:
    """One invented citizen: ``answers`` holds the data of each document by its path.

    ``replies`` holds what departments' systems answer, by connector, method and path (which may end with ``*``).
    """

    subject: str
    name: Mapping[str, str]
    answers: Mapping[str, Mapping[str, Any]]
    replies: Mapping[tuple[str, str, str], Reply] = field(default_factory=dict[tuple[str, str, str], Reply])


def read_citizens(folder: Path, app: App) -> list[Invented]:
    """Return the folder's invented citizens; without a file, one who has what the mini-app rehearses.

    Raises:
        CitizensUnreadable: the file is no JSON list of citizens.
    """
    file = folder / FILE
    if not file.is_file():
        answers = {path: data for one in app.rehearsals for path, data in one.answers.items()}
        return [Invented("sub_dev_sample", {"zh-Hans": "示例市民", "en": "Sample citizen"}, answers)]
    try:
        return [
            Invented(str(item["subject"]), dict(item["name"]), dict(item["answers"]), _replies(item.get("replies", [])))
            for item in json.loads(file.read_text("utf-8"))
        ] or _nobody()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{FILE}: a list of {{subject, name: {{zh-Hans, en}}, answers: {{document: data}}}} is wanted ({error})"
        raise CitizensUnreadable(msg) from None


def _nobody() -> list[Invented]:
    msg = "at least one"
    raise ValueError(msg)


def _replies(items: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], Reply]:
    return {
        (str(item["connector"]), str(item["method"]), str(item["path"])): Reply(
            int(item.get("status", 200)), body=json.dumps(item["body"], ensure_ascii=False)
        )
        for item in items
    }


def bills_in(data: object) -> Iterator[Mapping[str, Any]]:
    """Return every bill in a document's data: an object with a reference, an amount and a state."""
    if isinstance(data, dict):
        item = cast("Mapping[str, Any]", data)
        if {"reference", "amount", "state"} <= item.keys():
            yield item
        for inner in item.values():
            yield from bills_in(inner)
    elif isinstance(data, list):
        for inner in cast("list[object]", data):
            yield from bills_in(inner)


def settled(data: object, bills: Mapping[str, Bill]) -> Any:
    """Return a document's data with the state of each bill as it is now."""
    if isinstance(data, list):
        return [settled(inner, bills) for inner in cast("list[object]", data)]
    if not isinstance(data, dict):
        return data
    now = {name: settled(inner, bills) for name, inner in cast("Mapping[str, object]", data).items()}
    bill = bills.get(str(now.get("reference"))) if "state" in now else None
    return now | {"state": bill.state} if bill else now


def _current(data: Any, bills: Mapping[str, Bill], _variables: Mapping[str, Any]) -> Any:
    return settled(data, bills)


def furnish(host: MemoryHost, citizen: Invented) -> None:
    """Give a citizen's core their data and bills; a document that asks for payments answers by itself."""
    for path, data in citizen.answers.items():
        for bill in bills_in(data):
            amount = bill["amount"]
            owed = Bill(Money(int(amount["amountMinor"]), amount["currency"]), bill["state"])
            host.bills.setdefault(bill["reference"], owed)
        if "requestPayment" not in data:
            host.answers[path] = partial(_current, data, host.bills)
    host.replies = dict(citizen.replies)
