"""Citizens, staff, sessions and codes as values, with the pure rules about them."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from shimin.identity.errors import AssuranceTooLow, InvalidIdNumber, InvalidName, InvalidPhone
from shimin.kit.call import Actor, Call, Role
from shimin.kit.ids import DepartmentId
from shimin.kit.refusal import InvalidInput

Capacity = Literal["citizen", "staff"]
"""In which capacity a person signs in: for their own affairs, or for their office."""
StaffKind = Literal["member", "operator"]

MEMBER_ROLES: frozenset[Role] = frozenset({"developer", "department_admin"})
OPERATOR_ROLES: frozenset[Role] = frozenset({"reviewer", "releaser", "auditor", "ad_hoc_documents", "security"})
APART: tuple[frozenset[Role], ...] = (
    frozenset({"reviewer", "releaser"}),
    frozenset({"reviewer", "security"}),
    frozenset({"releaser", "security"}),
    *(frozenset({"auditor", role}) for role in sorted(OPERATOR_ROLES - {"auditor"})),
)
"""Roles that one person never holds together: who approves does not roll out, who gives offices does neither, and who
reads the log has done nothing that is in it (NIST SP 800-53 AC-5)."""

NAME_LENGTH_MAX = 64
DEVICE_NAME_LENGTH_MAX = 64

ASSURANCE_STEPS = {1: "sign_in", 2: "confirm_real_name", 3: "visit_service_hall"}
"""The step that reaches each level of assurance."""


@dataclass(frozen=True, slots=True)
class CodeLimits:
    """How codes may be asked for and guessed at; the defaults are those of domains.md section 1.

    With six digits and these numbers an attacker who spends the whole failure budget finds one code in 200 hours
    over all accounts together.
    """

    life: timedelta = timedelta(minutes=5)
    checks_per_code_max: int = 5
    failures_per_phone_max: int = 100
    """Consecutive wrong codes for one number; after that only a service hall unlocks it."""
    failures_per_hour_max: int = 5_000
    """Wrong codes over all numbers; beyond it only devices that signed in before may try."""
    requests_per_phone_max: int = 10
    requests_per_device_max: int = 30
    requests_window: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a sign-in lasts."""

    idle: timedelta = timedelta(days=30)
    """A refresh token unused for this long is dead."""
    life: timedelta = timedelta(days=180)
    """After this a session ends however often it was refreshed."""
    grace: timedelta = timedelta(seconds=30)
    """A device that repeats a refresh within this gets the same answer again."""
    live_per_subject_max: int = 20
    """Opening one more ends the longest unused."""


CODE_LIMITS = CodeLimits()
SESSION_LIMITS = SessionLimits()


@dataclass(frozen=True, slots=True)
class RequestCode:
    """A wish for a code: to which number, from which device."""

    phone: str
    nonce: str
    """Secret that the asking device made at random and keeps: 16 to 128 characters of base64url."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A code as it came back, from the device that asked for it."""

    phone: str
    code: str
    nonce: str
    device_name: str
    capacity: Capacity = "citizen"


@dataclass(frozen=True, slots=True)
class RefreshSession:
    """A refresh token presented by the device it was given to."""

    refresh_token: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Appointment:
    """An office given to the holder of a phone number."""

    phone: str
    name: str
    kind: StaffKind
    roles: frozenset[Role]
    department_id: DepartmentId | None = None


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody with an office as lists show them; the number has its middle hidden."""

    staff_id: str
    name: str
    phone: str
    kind: StaffKind
    department_id: DepartmentId | None
    roles: tuple[Role, ...]
    appointed_at: datetime
    dismissed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CodeRequested:
    """What is told to whoever asks for a code; the same for every number."""

    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in device."""

    id: str
    subject_id: str
    capacity: Capacity
    device_name: str
    opened_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session with the two tokens that speak for it; both texts are secrets."""

    session: Session
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    registered: bool = False
    """Whether this sign-in registered the citizen."""


@dataclass(frozen=True, slots=True)
class Person:
    """The natural person behind a citizen of assurance 2 or higher; sensitive, for departments' sources only."""

    name: str
    id_number: str


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Who an access token speaks for at this moment."""

    actor: Actor
    session_id: str
    device: str


def need_assurance(call: Call, level: int) -> None:
    """Go on only for a caller whose identity is proven at least to ``level``.

    Args:
        call: the call; a mini-app has the assurance of the citizen it acts for.
        level: 1 phone, 2 real name, 3 in person.

    Raises:
        AssuranceTooLow: it is not; ``step`` names what would reach the level.
    """
    if call.actor.assurance < level:
        raise AssuranceTooLow(needed=level, step=ASSURANCE_STEPS[level])


_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_MAINLAND_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_PHONE_FILLING = str.maketrans("", "", " -().\u00a0\u2011")


def normalise_phone(written: str) -> str:
    """Return a phone number in E.164 form; a bare mainland mobile number gets +86.

    Args:
        written: such as ``138 0013 8000``, ``0086-13800138000``, ``+852 5123 4567``; full-width digits are read too.

    Raises:
        InvalidPhone: it can be no phone number, or no mainland *mobile* number after +86.

    Source: ITU-T E.164 section 6 (15 digits at most); mainland mobile numbers have 11 digits from 13 to 19.
    """
    text = unicodedata.normalize("NFKC", written[:40]).translate(_PHONE_FILLING)
    if text.startswith("00"):
        text = f"+{text[2:]}"
    if _MAINLAND_MOBILE.fullmatch(text):
        return f"+86{text}"
    if text.startswith("86") and _MAINLAND_MOBILE.fullmatch(text[2:]):
        return f"+{text}"
    if not _PHONE.fullmatch(text) or (text.startswith("+86") and not _MAINLAND_MOBILE.fullmatch(text[3:])):
        raise InvalidPhone
    return text


def mask_phone(phone: str) -> str:
    """Return an E.164 number with its middle hidden: ``+86 138****8000``."""
    if phone.startswith("+86"):
        return f"+86 {phone[3:6]}****{phone[-4:]}"
    return f"{phone[:3]}****{phone[-2:]}"


def clean_name(written: str) -> str:
    """Return a person's name as it is compared and kept: NFC, one space between parts, ``·`` for the middle dot.

    Raises:
        InvalidName: it is empty, longer than 64 characters or has characters no name has.
    """
    name = " ".join(unicodedata.normalize("NFC", written[: NAME_LENGTH_MAX * 2]).split())
    name = re.sub("[\u2022\u30fb\u2027\uff0e\u2022]", "\u00b7", name)
    letters_only = all(unicodedata.category(mark)[0] in "LM" or mark in " \u00b7'-." for mark in name)
    if not 0 < len(name) <= NAME_LENGTH_MAX or not letters_only or not any(mark.isalpha() for mark in name):
        raise InvalidName
    return name


def mask_name(name: str) -> str:
    """Return a name with its middle hidden: 张*丰, 张*, L***n."""
    if len(name) == 1:
        return "*"
    if len(name) == 2:  # noqa: PLR2004 - surname and one character
        return f"{name[0]}*"
    return f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}"


_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_ID_SHAPE = re.compile(r"[1-9][0-9]{16}[0-9X]")
_BORN_EARLIEST = date(1900, 1, 1)


def check_id_number(written: str, *, today: date) -> str:
    """Return an 18-character citizen identity number if it can be one: shape, date of birth, check character.

    Raises:
        InvalidIdNumber: it cannot; nothing of it is repeated.

    Source: GB 11643-1999 section 4; the check character is that of ISO 7064 MOD 11-2.
    """
    number = unicodedata.normalize("NFKC", written[:40]).strip().upper()
    if not _ID_SHAPE.fullmatch(number):
        raise InvalidIdNumber
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, number, strict=False))
    if _ID_CHECKS[total % 11] != number[17]:
        raise InvalidIdNumber
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise InvalidIdNumber from None
    if not _BORN_EARLIEST <= born <= today:
        raise InvalidIdNumber
    return number


_NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}")
_CODE = re.compile(r"[0-9]{6}")


def check_nonce(nonce: str) -> str:
    """Return a device's nonce if it has the shape of one.

    Raises:
        InvalidInput: it is not 16 to 128 characters of base64url.
    """
    if not _NONCE.fullmatch(nonce):
        raise InvalidInput(field="nonce", reason="16-128 base64url")
    return nonce


def clean_code(written: str) -> str:
    """Return the six digits of a code; full-width digits and spaces around it are read too.

    Raises:
        InvalidInput: it is not six digits.
    """
    code = unicodedata.normalize("NFKC", written[:40]).strip()
    if not _CODE.fullmatch(code):
        raise InvalidInput(field="code", reason="6 digits")
    return code


def clean_device_name(written: str) -> str:
    """Return a device's name for the list of sessions: printable, at most 64 characters.

    Raises:
        InvalidInput: nothing is left of it, or it is too long.
    """
    name = " ".join("".join(mark for mark in written[:256] if mark.isprintable()).split())
    if not 0 < len(name) <= DEVICE_NAME_LENGTH_MAX:
        raise InvalidInput(field="deviceName", reason=f"1-{DEVICE_NAME_LENGTH_MAX}")
    return name
