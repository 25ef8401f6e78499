"""Mini-apps: which there are, and calling one."""

from typing import Any

import strawberry
from strawberry.scalars import JSON

from shimin import consent, exchange, identity, miniapps, payments, releases
from shimin.db import InLanguage, Same
from shimin.kit.refusal import InvalidInput
from shimin.miniapps import CallMiniApp
from shimin.ports import connector, sandbox, source
from shimin_graphql.context import Info
from shimin_graphql.engine.cost import REMOTE_COST
from shimin_graphql.types.access import ANYONE, CITIZEN, HOLDER, object_type
from shimin_graphql.types.base import mutation
from shimin_graphql.types.rows import listed, rows, value


@rows(releases.MINI_APPS)
@object_type(allow=HOLDER, description="A mini-app that citizens can open now.")
class MiniApp:
    """A live mini-app."""

    id: strawberry.ID = value(Same("app_id"))
    department_id: str
    name: str = value(InLanguage("name", otherwise="app_id"))
    version: str = value(Same("version_name"))
    release_id: strawberry.ID


@object_type(allow=HOLDER, description="What a mini-app's operation returned.")
class MiniAppAnswer:
    """A mini-app's answer."""

    output: JSON


@strawberry.input
class CallMiniAppInput:
    """One call of a mini-app's operation."""

    app_id: strawberry.ID
    operation: str
    input: JSON = strawberry.field(default_factory=dict)
    idempotency_key: str | None = None


@strawberry.type
class MiniAppsQuery:
    """Reading the list of mini-apps."""

    mini_apps = listed(
        MiniApp,
        releases.MINI_APPS,
        order="app",
        allow=ANYONE,
        description="Every mini-app that can be opened now, at most 100.",
    )


@strawberry.type
class MiniAppsMutation:
    """Calling mini-apps."""

    @mutation(
        allow=CITIZEN,
        cost=REMOTE_COST,
        refuses=[
            consent.ConsentRequired,
            consent.ConsentDenied,
            identity.AssuranceTooLow,
            releases.AppNotServed,
            miniapps.MiniAppRefused,
            miniapps.MiniAppAnswerInvalid,
            sandbox.MiniAppTimeout,
            sandbox.MiniAppCrashed,
            sandbox.MiniAppBusy,
            source.SourceUnavailable,
            connector.UpstreamUnavailable,
            connector.ConnectorBusy,
            exchange.ServiceNotOffered,
            exchange.ServiceUnavailable,
            exchange.ServiceRefused,
            payments.BillAlreadyPaid,
            InvalidInput,
        ],
    )
    async def call_mini_app(self, info: Info, input: CallMiniAppInput) -> MiniAppAnswer:  # noqa: A002
        """Run an operation of a mini-app for the calling citizen; it sees only what they consented to."""
        platform = info.context.platform
        if not isinstance(input.input, dict):
            raise InvalidInput(field="input", reason="one JSON object")
        output: Any = await miniapps.call_mini_app(
            info.context.call,
            CallMiniApp(
                app_id=input.app_id,
                operation=input.operation,
                input=input.input,
                idempotency_key=input.idempotency_key,
            ),
            db=platform.db,
            sandbox=platform.sandbox,
            edge=platform.edge,
            connector=platform.connector,
            sealer=platform.sealer,
            clock=platform.clock,
            subject_secret=platform.subject_secret,
        )
        return MiniAppAnswer(output=output)
