"""The codes that a mini-app meets: each with a number for forms and telephones, and what its developer does about it.

Numbers: 1xxx what was sent, 2xxx consent and rights, 3xxx what is so already, 4xxx limits, 5xxx what is elsewhere.
A number never changes its meaning and is never used again.
"""

from collections.abc import Mapping

OWN_NUMBER = 9000
"""Of codes that are the mini-app's own."""
UNKNOWN_NUMBER = 0
"""Of codes that a newer core has and this SDK does not know."""

_TABLE = """
1001 VALIDATION_FAILED         Send what app.describe() says of the input; details.problems has each place.
1002 IDEMPOTENCY_KEY_MISSING   Send a key with the action, the same one when the same wish is sent again.
1003 OPERATION_UNKNOWN         Name a function that is registered with @app.query or @app.action.
1004 INVALID_INPUT             Mend the variable that details.field names.
1005 INVALID_ID                Send an id of the shape that details.expected names.
2001 CONSENT_REQUIRED          Let it through: the phone shows the consent sheet and repeats the call.
2002 CONSENT_DENIED            Go on without the data, or say what the citizen can still do.
2003 ASSURANCE_TOO_LOW         Let it through: the phone shows how to prove the identity better.
2004 NOT_ALLOWED               Do not ask for what a mini-app may not have; see the field's @allow in the schema.
2005 NOT_SIGNED_IN             Let it through: the phone asks the citizen to sign in.
2101 DOCUMENT_NOT_DECLARED     Declare the document under shimin.operations of manifest.json.
2102 DOCUMENT_NOT_REGISTERED   Release the version of the package that holds the document.
2103 CONNECTOR_NOT_AVAILABLE   Declare the connector under shimin.connectors of manifest.json and have it approved.
2104 PAYMENT_NOT_DECLARED      Declare the subject under shimin.payments of manifest.json.
2105 MESSAGE_NOT_DECLARED      Declare the template under shimin.messages of manifest.json.
2106 SERVICE_NOT_DECLARED      Declare the service under shimin.imports of manifest.json.
3001 NOT_FOUND                 Say that there is nothing of that name.
3002 BILL_NOT_FOUND            Say that the department has no such bill for this person.
3101 BILL_ALREADY_PAID         Show the bill as paid.
3102 BILL_BEING_PAID           Say that another payment of the bill is on its way.
3103 BILL_CHANGED              Ask for a new payment; it shows the new amount.
3104 BILL_NOT_PAYABLE          Say that the department has withdrawn the bill.
3105 PAYMENT_ENDED             Ask for the payment's state before changing it.
3106 INVALID_TRANSITION        Read the state again and offer what details.allowed names.
3107 STORE_CONFLICT            Read the value again, apply the change to it, and put it with its new version.
3201 IDEMPOTENCY_CONFLICT      Use a new key for a new wish; the first content stands.
4001 RATE_LIMITED              Call again later, each time after a longer pause.
4002 HOST_CALLS_EXCEEDED       Ask for more with one document instead of many documents for a little.
4003 STORE_FULL                Delete what is not needed; the store is for small things.
4004 MESSAGES_EXCEEDED         Send less: a citizen takes few messages a day from one mini-app.
4005 CONNECTOR_BUSY            Call again later; ask the department's system for more at once.
4006 SERVICE_CHAIN_REFUSED     Ask the service from the first mini-app; services ask one more at most, never back.
5001 SOURCE_UNAVAILABLE        Say that the department does not answer now; never show an empty account instead.
5002 DEADLINE_EXCEEDED         Do less in one call.
5003 PAYMENTS_CLOSED           Say that nothing can be paid here now.
5004 UPSTREAM_UNAVAILABLE      Say that the department does not answer now; details.reason is for its developers.
5005 SERVICE_UNAVAILABLE       Say that the other mini-app does not answer now; details.reason is for its developers.
5006 SERVICE_NOT_OFFERED       Say that the other mini-app does not offer it now.
5007 SERVICE_MISMATCH          Send and read what the other mini-app published; details.place is where it differs.
5008 SERVICE_REFUSED           Say what the other mini-app says, or do without it.
5101 SERVICE_NOT_AVAILABLE     Do without it: this platform does not offer it yet.
"""
_ROWS = [line.split(None, 2) for line in _TABLE.strip().splitlines()]

NUMBERS: Mapping[str, int] = {code: int(number) for number, code, _ in _ROWS}
HELP: Mapping[str, str] = {code: text for _, code, text in _ROWS}


def number_of(code: str) -> int:
    """Return a code's number; ``OWN_NUMBER`` for a mini-app's own text code, ``UNKNOWN_NUMBER`` for any other."""
    return NUMBERS.get(code, OWN_NUMBER if code[:1].islower() else UNKNOWN_NUMBER)
