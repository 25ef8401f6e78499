"""The subscription ``MessageArrived``.

Written by `make clients` from the operation and the schema: change it there.
"""

from pydantic import AwareDatetime

from shimin_client.model import Model
from shimin_client.operation import Operation


class Message(Model):
    """One message in the caller's inbox, in the caller's language."""

    id: str
    title: str
    body: str
    payment_id: str | None
    sent_at: AwareDatetime


class Data(Model):
    """What ``MessageArrived`` answers."""

    message_arrived: Message
    """Each message as it arrives in the caller's inbox; what arrived before is in ``inbox``."""


class Variables(Model):
    """What ``MessageArrived`` takes."""

    # it takes none


OPERATION = Operation(
    name="MessageArrived",
    kind="subscription",
    document_id="sha256:77e0d46d1c70109b8570126409b2f41e0eaeca8ebea7fad13a412f7e37750e44",
    variables=Variables,
    data=Data,
)
