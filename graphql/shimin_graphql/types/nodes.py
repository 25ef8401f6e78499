"""Finding by its id alone what the caller has seen before, whatever it is (Relay global object identification)."""

from collections.abc import Mapping
from dataclasses import dataclass

import strawberry

from shimin import audit, connectors, consent, identity, messages, payments, releases
from shimin.db import View
from shimin.kit.ids import check_id
from shimin.kit.refusal import InvalidId
from shimin_graphql.context import Info
from shimin_graphql.engine.mapping import LaterThanNow, Term
from shimin_graphql.types.access import ANYONE, CITIZEN, CITIZEN_OR_MINIAPP, SIGNED_IN, STAFF, Access, role
from shimin_graphql.types.audit import AccessEntry
from shimin_graphql.types.base import field
from shimin_graphql.types.connectors import ConnectorCall
from shimin_graphql.types.consent import Consent
from shimin_graphql.types.identity import Session
from shimin_graphql.types.messages import Message
from shimin_graphql.types.node import Node
from shimin_graphql.types.payments import Bill, Payment
from shimin_graphql.types.releases import Release
from shimin_graphql.types.rows import conditions, find, show, viewpoint


@dataclass(frozen=True, slots=True)
class Place:
    """Where objects of a type lie, and who may look there; the view's rule says which of them each caller sees."""

    shown: type[Node]
    view: View
    allow: Access
    where: Mapping[str, Term] | None = None


PLACES: Mapping[str, tuple[Place, ...]] = {
    "aud": (
        Place(AccessEntry, audit.ACCESS_LOG, CITIZEN),
        Place(AccessEntry, audit.PLATFORM_LOG, role("auditor")),
    ),
    "bil": (Place(Bill, payments.BILLS, CITIZEN),),
    "ccl": (Place(ConnectorCall, connectors.CONNECTOR_CALLS, STAFF),),
    "cns": (Place(Consent, consent.GRANTS, CITIZEN),),
    "msg": (Place(Message, messages.INBOX, CITIZEN),),
    "pay": (Place(Payment, payments.PAYMENTS, CITIZEN_OR_MINIAPP),),
    "rel": (Place(Release, releases.RELEASES, STAFF),),
    "ses": (Place(Session, identity.SESSION, SIGNED_IN, where={"revoked_at": None, "expires_at": LaterThanNow()}),),
}
"""By what an id begins with; each as in the list that shows the same objects."""


@strawberry.type
class NodeQuery:
    """Finding again."""

    @field(allow=ANYONE)
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002 - the name Relay clients ask for
        """The object of this id; null where there is none, or none that the caller may know of."""
        context, prefix = info.context, id.partition("_")[0]
        try:
            check_id(id, prefix)
        except InvalidId:
            return None
        for place in PLACES.get(prefix, ()):
            if place.allow.admits(context.call):
                row = await find(context, place.view, {"id": id, **conditions(place.where or {}, {}, context)})
                if row is not None:
                    found: Node = show(place.shown, row, viewpoint(context))
                    return found
        return None
