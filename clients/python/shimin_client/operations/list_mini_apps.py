"""The query ``MiniApps``.

Written by `make clients` from the operation and the schema: change it there.
"""

from shimin_client.model import Model
from shimin_client.operation import Operation


class MiniApp(Model):
    """A mini-app that citizens can open now."""

    id: str
    name: str
    department_id: str
    version: str


class Data(Model):
    """What ``MiniApps`` answers."""

    mini_apps: list[MiniApp]
    """Every mini-app that can be opened now, at most 100."""


class Variables(Model):
    """What ``MiniApps`` takes."""

    # it takes none


OPERATION = Operation(
    name="MiniApps",
    kind="query",
    document_id="sha256:fbc1717bbdb5ffe26150371543ac8e9ad7982d152323c4fa170df6f3f2b8bdf6",
    variables=Variables,
    data=Data,
)
