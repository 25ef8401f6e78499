"""The query ``Guide``.

Written by `make clients` from the operation and the schema: change it there.
"""

from typing import Annotated

from shimin_client.enums import DayKind
from shimin_client.model import OPEN, Model
from shimin_client.operation import Operation


class GuideLabel(Model):
    """A name with the value by which guides are filtered."""

    value: str
    label: str


class TimeLimit(Model):
    """How long the department may take."""

    days: int
    kind: Annotated[DayKind | str, OPEN]


class GuidePhones(Model):
    """Telephone numbers, and the department's own words where it says more."""

    numbers: list[str]
    note: str | None


class GuideAppointment(Model):
    """Whether a visit can be booked online, and where."""

    online: bool
    url: str | None


class Guide(Model):
    """A service: who may ask for it, with what, where, how long it takes. Null: the publisher does not say."""

    code: str
    title: str
    department: str | None
    area: GuideLabel | None
    kind: GuideLabel | None
    groups: list[GuideLabel]
    themes: list[GuideLabel]
    conditions: str | None
    materials: list[str]
    legal_limit: TimeLimit | None
    promised_limit: TimeLimit | None
    visits: int | None
    """Visits in person that are needed at most."""
    place: str | None
    """Null also where there is no counter to go to."""
    fee: str | None
    consult_phones: GuidePhones | None
    complaint_phones: GuidePhones | None
    appointment: GuideAppointment
    courier: bool | None
    """Whether the result can be delivered."""
    platform: str | None
    url: str | None
    mini_app_id: str | None
    """The mini-app in which it can be used at once."""


class Data(Model):
    """What ``Guide`` answers."""

    guide: Guide | None
    """The guide of this national item code."""


class Variables(Model):
    """What ``Guide`` takes."""

    code: str


OPERATION = Operation(
    name="Guide",
    kind="query",
    document_id="sha256:5f568772ab3de8cc91a5685fda70140b9e396f4322015c29bc3f26b165c01410",
    variables=Variables,
    data=Data,
)
