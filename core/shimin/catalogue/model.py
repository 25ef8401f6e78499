"""What a service guide says, what may be asked of the catalogue, and what it answers: plain values, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shimin.kit.call import Locale

DayKind = Literal["working", "calendar"]
Dimension = Literal["group", "theme", "department", "area"]
Matching = Literal["all_words", "key_words", "any_word"]
HitField = Literal["conditions", "materials", "place", "department"]

DIMENSIONS: tuple[Dimension, ...] = ("group", "theme", "department", "area")


@dataclass(frozen=True, slots=True)
class Text:
    """Words in Chinese and, where somebody wrote them, in English."""

    zh: str
    en: str | None = None

    def pick(self, locale: Locale) -> str:
        """Return the words in this language, else in Chinese: an untranslated guide is better than none."""
        return self.en if locale == "en" and self.en else self.zh


@dataclass(frozen=True, slots=True)
class Area:
    """An administrative division.

    Source: GB/T 2260, six digits.
    """

    code: str
    name: Text


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """How long the department may take. Working days unless the guide itself says calendar days."""

    days: int
    kind: DayKind = "working"


@dataclass(frozen=True, slots=True)
class Phones:
    """Numbers that can be dialled as they are, and the department's own words where it wrote more than numbers."""

    numbers: tuple[str, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Appointment:
    """Whether a visit can be booked online, and where."""

    online: bool
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """One service of one department: who may ask for it, with what, where, how long it takes, what it costs.

    None means that the publisher does not say.
    """

    code: str
    """National item code; identifies the guide."""
    title: Text
    department: Text | None = None
    area: Area | None = None
    kind: str | None = None
    """Legal nature of the service, such as 行政许可 (administrative licence)."""
    groups: tuple[str, ...] = ()
    """User groups, such as 自然人 (individuals)."""
    themes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Other names people look for it by."""
    conditions: Text | None = None
    materials: tuple[Text, ...] = ()
    legal_limit: TimeLimit | None = None
    promised_limit: TimeLimit | None = None
    visits: int | None = None
    """Visits in person that are needed at most."""
    place: Text | None = None
    """None also where there is no counter to go to."""
    fee: Text | None = None
    consult: Phones | None = None
    complaint: Phones | None = None
    appointment: Appointment = Appointment(online=False)
    courier: bool | None = None
    """Whether the result can be delivered."""
    platform: Text | None = None
    """The system the application is made in."""
    url: str | None = None
    mini_app_id: str | None = None
    """The mini-app in which the service can be used at once."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a line of a file that could not be read as what it should be."""

    line: int
    """Line number, from 1."""
    code: str | None
    """The guide's item code, where that was readable."""
    field: str
    """Name of the field in the file; empty: the line as a whole."""
    reason: str
    """Stable word such as ``NOT_A_LIMIT``; its text is ``guide.problem.<reason>``."""
    found: str
    """The beginning of what stood there."""
    is_skipped: bool = False
    """Whether the whole line had to be left out."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did."""

    lines: int
    added: int
    changed: int
    unchanged: int
    skipped: int
    """Lines left out."""
    lines_with_problems: int
    """Lines not read fully, those left out included."""
    problems: int
    by_reason: Mapping[tuple[str, str], int]
    """How often each (field, reason) occurred."""

    @property
    def is_unchanged(self) -> bool:
        """Whether the catalogue is what it was before."""
        return not self.added and not self.changed


@dataclass(frozen=True, slots=True)
class Filters:
    """Which guides are wanted: one of the values in each dimension that names any; no value, no restriction."""

    groups: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    """Chinese names of departments."""
    areas: tuple[str, ...] = ()
    """Area codes."""

    def of(self, dimension: Dimension) -> tuple[str, ...]:
        """Return the values wanted in a dimension."""
        by_name = {"group": self.groups, "theme": self.themes, "department": self.departments, "area": self.areas}
        return by_name[dimension]


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class Facet:
    """One value of a dimension and how many guides it would leave."""

    value: str
    """Pass it in the filters."""
    label: str
    """Show it to people."""
    count: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many guides there are, and how they spread over each dimension.

    The counts of a dimension disregard its own filter, so that a chosen value can be exchanged for another.
    """

    total: int
    facets: Mapping[Dimension, Sequence[Facet]]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text, and whether it is what was searched for. Plain text, never markup."""

    text: str
    hit: bool


@dataclass(frozen=True, slots=True)
class Snippet:
    """A passage of a guide around the first thing found in it."""

    field: HitField
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A guide in a list: with what was searched for marked in it."""

    guide: Guide
    cursor: str
    title: tuple[Segment, ...]
    snippet: Snippet | None = None


@dataclass(frozen=True, slots=True)
class GuidePage:
    """Some guides of a list, best first, and how to go on."""

    found: tuple[Found, ...]
    has_next: bool
    matching: Matching | None = None
    """How strictly the words were taken; None for a list without search."""
    filters: Filters = NO_FILTERS
    text: str | None = None
