"""Making the connectors of a release known."""

from collections.abc import Sequence

from shimin.connectors import rows
from shimin.connectors.errors import ConnectorInvalid
from shimin.connectors.model import CONNECTORS_MAX, DeclaredConnector
from shimin.db import Unit
from shimin.kit.clock import Clock
from shimin.kit.ids import DepartmentId


async def declare(
    unit: Unit,
    *,
    release_id: str,
    app_id: str,
    department_id: DepartmentId,
    connectors: Sequence[DeclaredConnector],
    clock: Clock,
) -> None:
    """Keep what a checked package declares; again changes nothing, since a release never changes.

    Raises:
        ConnectorInvalid: see ``check_declared``.
    """
    check_declared(connectors)
    for declared in connectors:
        await rows.insert_declared(
            unit, release_id=release_id, app_id=app_id, department_id=department_id, declared=declared, at=clock.now()
        )


def check_declared(connectors: Sequence[DeclaredConnector]) -> None:
    """Go on only for connectors that a release may have.

    Raises:
        ConnectorInvalid: an origin that no connector may have, a name that stands twice, or too many.
    """
    if len(connectors) > CONNECTORS_MAX:
        raise ConnectorInvalid(connector=connectors[-1].name, reason=f"at most {CONNECTORS_MAX} connectors")
    seen: set[str] = set()
    for declared in connectors:
        declared.check()
        if declared.name in seen:
            raise ConnectorInvalid(connector=declared.name, reason="the name stands twice")
        seen.add(declared.name)
