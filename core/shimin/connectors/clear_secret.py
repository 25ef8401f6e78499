"""Taking a connector's secret away."""

from shimin import audit
from shimin.connectors import rows
from shimin.connectors.facts import ConnectorSecretCleared
from shimin.connectors.model import Connector
from shimin.connectors.set_secret import own_connector
from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock


async def clear_secret(call: Call, connector_id: str, *, unit: Unit, clock: Clock) -> Connector:
    """Forget a connector's secret, so that requests go without; again changes nothing.

    Args:
        call: by an admin of the mini-app's department, or by a releaser of the platform.

    Raises:
        NotSignedIn, NotAllowed: by somebody else.
        NotFound: no such connector, or one of another department.
    """
    call.need_role("department_admin", "releaser")
    await own_connector(call, connector_id, reader=unit)
    if await rows.clear_sealed(unit, connector_id):
        entry = audit.Entry(action="connector.secret_cleared", subject=connector_id)
        await audit.record(call, entry, unit=unit, clock=clock)
        await unit.emit(ConnectorSecretCleared(connector_id=connector_id))
    return await own_connector(call, connector_id, reader=unit)
