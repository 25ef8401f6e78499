"""The query ``Viewer``.

Written by `make clients` from the operation and the schema: change it there.
"""

from shimin_client.model import Model
from shimin_client.operation import Operation


class Viewer(Model):
    """Whoever is calling; name and number with their middle hidden."""

    id: str
    kind: str
    """citizen, member or operator."""
    name: str | None
    phone: str
    assurance: int
    """1 phone, 2 real name, 3 in person."""
    roles: list[str]
    department_id: str | None


class Data(Model):
    """What ``Viewer`` answers."""

    viewer: Viewer
    """Whoever is calling: a citizen, or a person in an office."""


class Variables(Model):
    """What ``Viewer`` takes."""

    # it takes none


OPERATION = Operation(
    name="Viewer",
    kind="query",
    document_id="sha256:93486aa497d1fb18c9b0edb2703b542eaf1504af309c998101204b2dff311403",
    variables=Variables,
    data=Data,
)
