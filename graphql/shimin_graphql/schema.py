"""The one schema: every domain's part of it, put together."""

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from shimin_graphql.engine.introspection import tell_json_defaults
from shimin_graphql.types.audit import AuditQuery
from shimin_graphql.types.base import SCALARS
from shimin_graphql.types.catalogue import CatalogueQuery
from shimin_graphql.types.connectors import ConnectorsMutation, ConnectorsQuery
from shimin_graphql.types.consent import ConsentMutation, ConsentQuery
from shimin_graphql.types.exchange import ExchangeQuery
from shimin_graphql.types.identity import IdentityMutation, IdentityQuery
from shimin_graphql.types.messages import MessagesMutation, MessagesQuery, MessagesSubscription
from shimin_graphql.types.miniapps import MiniAppsMutation, MiniAppsQuery
from shimin_graphql.types.nodes import NodeQuery
from shimin_graphql.types.payments import PaymentsMutation, PaymentsQuery
from shimin_graphql.types.releases import ReleasesMutation, ReleasesQuery
from shimin_graphql.types.rules import require_rules
from shimin_graphql.types.store import StoreMutation, StoreQuery
from shimin_graphql.types.vault import VaultQuery

schema = strawberry.Schema(
    query=merge_types(
        "Query",
        (
            AuditQuery,
            CatalogueQuery,
            ConnectorsQuery,
            ConsentQuery,
            ExchangeQuery,
            IdentityQuery,
            MessagesQuery,
            MiniAppsQuery,
            NodeQuery,
            PaymentsQuery,
            ReleasesQuery,
            StoreQuery,
            VaultQuery,
        ),
    ),
    mutation=merge_types(
        "Mutation",
        (
            ConnectorsMutation,
            ConsentMutation,
            IdentityMutation,
            MessagesMutation,
            MiniAppsMutation,
            PaymentsMutation,
            ReleasesMutation,
            StoreMutation,
        ),
    ),
    subscription=merge_types("Subscription", (MessagesSubscription,)),
    config=StrawberryConfig(scalar_map=dict(SCALARS)),
)
CORE = schema._schema  # noqa: SLF001 - Strawberry offers the core schema by this name only
require_rules(CORE)
tell_json_defaults(CORE)
