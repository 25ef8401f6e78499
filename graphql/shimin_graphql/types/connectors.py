"""Connectors of mini-apps: what departments and the platform see of them, and setting their secrets."""

from datetime import datetime

import strawberry

from shimin import connectors as domain
from shimin.kit.refusal import NotFound
from shimin_graphql.context import Info
from shimin_graphql.types.access import STAFF, object_type, role
from shimin_graphql.types.base import mutation
from shimin_graphql.types.node import Node
from shimin_graphql.types.rows import pages, rows


@rows(domain.CONNECTORS)
@object_type(
    allow=STAFF, description="A name by which a mini-app asks one origin. Its secret is set here and read nowhere."
)
class Connector:
    """A connector as staff see it."""

    id: strawberry.ID
    app_id: str
    department_id: str
    name: str
    origin: str
    declared_at: datetime
    header: str | None = strawberry.field(description="By which header the origin knows the core; null: no secret set.")
    secret_version: int = strawberry.field(description="How often a secret was set.")
    set_by: str | None
    set_at: datetime | None

    @classmethod
    def of(cls, connector: domain.Connector) -> "Connector":
        """Show a connector of the core."""
        return cls(
            id=strawberry.ID(connector.id),
            app_id=connector.app_id,
            department_id=connector.department_id,
            name=connector.name,
            origin=connector.origin,
            declared_at=connector.declared_at,
            header=connector.header,
            secret_version=connector.secret_version,
            set_by=connector.set_by,
            set_at=connector.set_at,
        )


@rows(domain.CONNECTOR_CALLS)
@object_type(allow=STAFF, description="One request through a connector, kept 90 days for review: no values, no bodies.")
class ConnectorCall(Node):
    """A request as it is kept."""

    at: datetime
    app_id: str
    release_id: str
    department_id: str
    connector: str
    method: str
    path_template: str = strawberry.field(description="The path's fixed words; {} where a value stood.")
    outcome: str = strawberry.field(description="answered, or why not.")
    status: int | None
    request_bytes: int
    answer_bytes: int
    duration_ms: int


@strawberry.input
class SetConnectorSecretInput:
    """A connector, a header, and the header's whole value."""

    connector_id: strawberry.ID
    header: str = strawberry.field(description="authorization, api-key or x-…, in lower case.")
    secret: str = strawberry.field(description="16 to 2,000 visible characters, such as Bearer …; never shown again.")


@strawberry.input
class ConnectorInput:
    """Names a connector."""

    connector_id: strawberry.ID


@strawberry.type
class ConnectorsQuery:
    """Reading connectors."""

    connectors = pages(
        Connector,
        domain.CONNECTORS,
        order="app",
        allow=STAFF,
        description="Connectors by mini-app; a department's people see their own department's, at most 100 a page.",
    )
    connector_calls = pages(
        ConnectorCall,
        domain.CONNECTOR_CALLS,
        order="newest",
        allow=STAFF,
        description="Requests through connectors, the newest first; a department's people see their own department's.",
    )


@strawberry.type
class ConnectorsMutation:
    """Setting secrets."""

    @mutation(
        allow=role("department_admin", "releaser"),
        refuses=[NotFound, domain.ConnectorSecretInvalid],
    )
    async def set_connector_secret(self, info: Info, input: SetConnectorSecretInput) -> Connector:  # noqa: A002
        """Keep a connector's secret, or another one in its place; the next request is sent with it."""
        platform = info.context.platform
        order = domain.SetSecret(input.connector_id, input.header, input.secret)
        async with platform.db.unit() as unit:
            return Connector.of(
                await domain.set_secret(
                    info.context.call, order, unit=unit, sealer=platform.sealer, clock=platform.clock
                )
            )

    @mutation(allow=role("department_admin", "releaser"), refuses=[NotFound])
    async def clear_connector_secret(self, info: Info, input: ConnectorInput) -> Connector:  # noqa: A002
        """Forget a connector's secret; requests go without from now on."""
        platform = info.context.platform
        async with platform.db.unit() as unit:
            return Connector.of(
                await domain.clear_secret(info.context.call, input.connector_id, unit=unit, clock=platform.clock)
            )
