"""Setting a connector's secret, or another one in its place."""

from shimin import audit
from shimin.connectors import rows
from shimin.connectors.facts import ConnectorSecretSet
from shimin.connectors.model import Connector, SetSecret
from shimin.db import Reader, Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotFound
from shimin.ports.sealer import Sealer


async def set_secret(call: Call, order: SetSecret, *, unit: Unit, sealer: Sealer, clock: Clock) -> Connector:
    """Keep a secret, sealed, for this mini-app, connector and origin; the next request is sent with it.

    Nobody reads it again: to change it is to set another. The department's service has to know the new one before
    it is set and may forget the old one after.

    Args:
        call: by an admin of the mini-app's department, or by a releaser of the platform.

    Raises:
        NotSignedIn, NotAllowed: by somebody else.
        NotFound: no such connector, or one of another department.
        ConnectorSecretInvalid: the header or the secret cannot be sent.
    """
    call.need_role("department_admin", "releaser")
    order.check()
    await own_connector(call, order.connector_id, reader=unit)
    sealed = sealer.seal(order.secret.encode(), order.connector_id)
    version = await rows.set_sealed(
        unit, order.connector_id, header=order.header, sealed=sealed, by=call.actor.id, at=clock.now()
    )
    if version is None:
        raise NotFound
    entry = audit.Entry(
        action="connector.secret_set",
        subject=order.connector_id,
        details={"header": order.header, "version": str(version)},
    )
    await audit.record(call, entry, unit=unit, clock=clock)
    await unit.emit(ConnectorSecretSet(connector_id=order.connector_id, secret_version=version))
    return await own_connector(call, order.connector_id, reader=unit)


async def own_connector(call: Call, connector_id: str, *, reader: Reader) -> Connector:
    """Return a connector that the caller may change.

    Raises:
        NotFound: none of that id, or the caller is a member of another department.
    """
    found = await rows.find(reader, connector_id)
    if found is None or (call.actor.kind == "member" and call.actor.department_id != found.department_id):
        raise NotFound
    return found
