"""``--sandbox``: the mini-app behind the platform's walls, where a platform is installed beside the SDK."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from shimin_sdk.app import App
from shimin_sdk.errors import MiniAppError
from shimin_sdk.host import Host

GROUP = "shimin_sdk.sandbox"
"""The entry point by which the platform's own sandbox is found."""


class WallsRefused(MiniAppError):  # noqa: N818 - an answer, not an error
    """The sandbox ended a call or could not build; ``code`` is the platform's."""


class WallsMissing(LookupError):  # noqa: N818 - says what is missing
    """Nothing here can build and run a component."""


@dataclass(frozen=True)
class Walled:
    """How a call behind the walls ended, and what it used."""

    ok: bool
    output: str
    code: str
    message: str
    detail: str | None
    cpu_ms: float
    wall_ms: float
    memory_bytes: int


class Walls(Protocol):
    """Builds one folder and runs it; each method waits and may be called from any thread."""

    def build(self, folder: Path, tell: Callable[[str], None]) -> None:
        """Build the folder, telling each step; raises ``WallsRefused`` or ``PackageError``."""
        ...

    def call(self, operation: str, envelope: str, host: Host) -> Walled:
        """Run one operation; raises ``WallsRefused``."""
        ...

    def close(self) -> None:
        """End every runner."""
        ...


def open_walls() -> Walls:
    """Return the platform's sandbox.

    Raises:
        WallsMissing: it is not installed; says what to install.
    """
    for point in entry_points(group=GROUP):
        try:
            found: Any = point.load()
        except ImportError:
            continue
        walls: Walls = found()
        return walls
    msg = "no builder is installed beside shimin-sdk"
    raise WallsMissing(msg)


class WalledApp(App):
    """An application that runs behind walls; what it listens to and describes is the native one's."""

    def __init__(self, native: App, walls: Walls) -> None:
        """Run ``native``'s folder as it was built last."""
        super().__init__()
        self._native = native
        self._walls = walls
        self.last: Walled | None = None

    @property
    def listens_to(self) -> tuple[str, ...]:
        """The facts that some function is told of."""
        return self._native.listens_to

    def dispatch(self, operation: str, input_json: str, host: Host) -> str:
        """Run one operation behind the walls; see ``App.dispatch``."""
        self.last = None
        self.last = answer = self._walls.call(operation, input_json, host)
        if not answer.ok:
            raise MiniAppError(answer.code, answer.message, answer.detail)
        return answer.output
