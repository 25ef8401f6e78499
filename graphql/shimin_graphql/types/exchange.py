"""Services between mini-apps: what staff see of who uses whose."""

import strawberry

from shimin import exchange
from shimin_graphql.types.access import STAFF, object_type
from shimin_graphql.types.rows import pages, rows


@rows(exchange.SERVICE_IMPORTS)
@object_type(allow=STAFF, description="Another mini-app's service that a release may ask, with the citizen's consent.")
class ServiceImport:
    """An import as staff see it."""

    release_id: str
    app_id: str
    department_id: str
    service_app_id: str
    service_operation: str


@strawberry.type
class ExchangeQuery:
    """Reading who uses whose services."""

    service_imports = pages(
        ServiceImport,
        exchange.SERVICE_IMPORTS,
        order="app",
        allow=STAFF,
        description="Services that releases import: a department's own, or all for the platform's staff.",
    )
