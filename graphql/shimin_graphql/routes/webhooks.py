"""Notifications of payment networks: verified as raw bytes, taken in once, answered so that the network does right."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shimin import payments
from shimin.kit.call import system_call
from shimin_graphql.engine.request import read_body

if TYPE_CHECKING:
    from shimin.assembly import Platform

NOTIFICATION_BYTES_MAX = 64 * 1024


async def channel_webhook(request: Request) -> Response:
    """Take in a notification.

    200 says that it was understood, and the network stops telling it. 404 ``PAYMENT_UNKNOWN`` and every 5xx let it
    tell it again. 409 ``AMOUNT_MISMATCH`` says that it was written down and believed by nobody. 401
    ``FORGED_NOTIFICATION`` says that it is not the network's at all; nothing was written.

    Raises:
        ChannelUnknown, BodyTooLarge, ForgedNotification, PaymentUnknown, AmountMismatch: answered by the application.
    """
    platform: Platform = request.app.state.platform
    channel = platform.channel
    if request.path_params["name"] != channel.name:
        raise payments.ChannelUnknown
    declared = request.headers.get("content-length")
    body = await read_body(request.receive, declared.encode() if declared else None, NOTIFICATION_BYTES_MAX)
    event = channel.read_notification({name.lower(): value for name, value in request.headers.items()}, body)
    async with platform.db.unit() as unit:
        settlement = await payments.settle(system_call(), event, channel=channel.name, unit=unit, clock=platform.clock)
    if settlement.outcome is payments.EventOutcome.UNKNOWN_PAYMENT:
        raise payments.PaymentUnknown
    if settlement.outcome is payments.EventOutcome.AMOUNT_MISMATCH:
        raise payments.AmountMismatch
    return JSONResponse({"outcome": settlement.outcome.value, "first": settlement.first})
