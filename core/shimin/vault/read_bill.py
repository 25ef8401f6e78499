"""One bill, read because its owner asked to pay it."""

import re
from collections.abc import Mapping
from datetime import date

from shimin.db import Database
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.ids import DepartmentId
from shimin.kit.money import Money
from shimin.kit.refusal import InvalidInput
from shimin.ports.registration import SourceSpec
from shimin.ports.source import Source
from shimin.vault.errors import BillNotFound
from shimin.vault.model import PAYMENT_AT_REQUEST, REFERENCE_CHARS_MAX, BillDetails, SourceRead
from shimin.vault.read import read
from shimin.vault.read_social_insurance import title

FIELDS = {
    "bill.reference": "bill.title",
    "bill.title_zh_hans": "bill.title",
    "bill.title_en": "bill.title",
    "bill.amount": "bill.amount",
    "bill.due_on": "bill.due_on",
    "bill.state": "bill.state",
}
ALWAYS = ("bill.department_id", "bill.payee")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_REFERENCE = re.compile(rf"[A-Za-z0-9._-]{{1,{REFERENCE_CHARS_MAX}}}")


async def read_bill(
    call: Call,
    source_name: str,
    reference: str,
    *,
    db: Database,
    source: Source,
    sources: Mapping[str, SourceSpec],
    clock: Clock,
) -> BillDetails:
    """Return the bill a citizen wants to pay, straight from the department; never from an earlier answer's copy.

    A mini-app reads bills of its own department only: that another department has one is not its business.

    Args:
        source_name: a registered source with an operation ``bill``, such as ``hrss``.
        reference: the department's number of the bill, at most ``REFERENCE_CHARS_MAX`` of ``[A-Za-z0-9._-]``.
        sources: every registered source, which says whose it is.

    Raises:
        NOT_ALLOWED: a mini-app asks another department's source; nothing was asked there.
        INVALID_INPUT: the name or the reference has another shape.
        BILL_NOT_FOUND: no such bill for this person.
        Refusal: as ``read``.
    """
    if not _NAME.fullmatch(source_name):
        raise InvalidInput(field="source", reason="unknown")
    if not _REFERENCE.fullmatch(reference):
        raise InvalidInput(field="billReference", reason=f"1 to {REFERENCE_CHARS_MAX} letters, digits, . _ -")
    ask = SourceRead(
        source=source_name,
        operation="bill",
        inputs={"reference": reference},
        fields=FIELDS,
        always=ALWAYS,
        basis=PAYMENT_AT_REQUEST,
        department_id=sources[source_name].department_id if source_name in sources else None,
    )
    answer = await read(call, ask, db=db, source=source, clock=clock)
    bill = answer.data.get("bill")
    if not bill or bill["reference"] != reference:
        raise BillNotFound(reference=reference)
    return BillDetails(
        department_id=DepartmentId(bill["department_id"]),
        reference=reference,
        title=title(bill, call.locale) or reference,
        amount=Money(bill["amount"]["amount_minor"], bill["amount"]["currency"]),
        due_on=date.fromisoformat(bill["due_on"]),
        payee=bill["payee"],
        state=bill["state"],
    )
