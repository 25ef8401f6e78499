"""Settings in, platform out: the only place that picks adapters."""

from __future__ import annotations

import asyncio
import importlib
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shimin import vault
from shimin.adapters.closed_channel import ClosedChannel
from shimin.adapters.dev_notifier import DevelopmentNotifier
from shimin.adapters.emulator_channel import open_emulator_channel
from shimin.adapters.file_sealer import FileSealer
from shimin.adapters.file_signer import FileSigner
from shimin.adapters.folder_blobs import FolderBlobs
from shimin.adapters.http_connector import HttpConnector
from shimin.adapters.http_source import HttpSource
from shimin.adapters.jwt_tokens import JwtTokens, KeyFolder
from shimin.adapters.memory_cache import MemoryCache
from shimin.adapters.memory_pubsub import MemoryPubSub
from shimin.adapters.private_file import make_private
from shimin.adapters.wasm.build import build_component
from shimin.adapters.wasm.sandbox import WasmSandbox
from shimin.adapters.webhook_notifier import WebhookNotifier
from shimin.config import InvalidSettings
from shimin.db import BATCH_MAX, Database, DatabaseNotMigrated, check_durability, open_database, pending
from shimin.identity import VerifiedTokens
from shimin.kit.clock import Clock, SystemClock
from shimin.ports.registration import SourceAddress, SourceSpec

if TYPE_CHECKING:
    from shimin.config import Settings
    from shimin.ports.blobs import Blobs
    from shimin.ports.cache import Cache
    from shimin.ports.channel import Channel
    from shimin.ports.connector import Connector
    from shimin.ports.notify import Notifier
    from shimin.ports.pubsub import PubSub
    from shimin.ports.sandbox import ComponentBuilder, Sandbox
    from shimin.ports.sealer import Sealer
    from shimin.ports.signer import Signer
    from shimin.ports.source import Source
    from shimin.ports.tokens import Tokens

MODELS = (
    "shimin.audit.rows",
    "shimin.catalogue.rows",
    "shimin.connectors.rows",
    "shimin.consent.rows",
    "shimin.departments.rows",
    "shimin.documents.rows",
    "shimin.exchange.rows",
    "shimin.identity.rows",
    "shimin.ledger.rows",
    "shimin.messages.rows",
    "shimin.payments.rows",
    "shimin.releases.rows",
    "shimin.store.rows",
)
"""Every module that defines tables."""
EDGE = "shimin_graphql.edge"
"""The package above this one; named, never imported, so that the core stands without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Everything that runs: the settings, the database and one adapter per port."""

    settings: Settings
    db: Database
    clock: Clock
    cache: Cache
    pubsub: PubSub
    blobs: Blobs
    notifier: Notifier
    dev_inbox: DevelopmentNotifier | None
    """The texts that development prints; None where they go to phones."""
    channel: Channel
    source: Source
    sources: Mapping[str, SourceSpec]
    connector: Connector
    sealer: Sealer
    sandbox: Sandbox
    builder: ComponentBuilder
    build_signer: Signer
    tokens: Tokens
    verified: VerifiedTokens
    subject_secret: bytes
    edge: Any
    """The GraphQL edge (``shimin.ports.edge`` and what the application above needs of it)."""


def load_edge() -> Any:
    """Return the module of the GraphQL edge."""
    return importlib.import_module(EDGE)


@asynccontextmanager
async def open_platform(settings: Settings) -> AsyncIterator[Platform]:
    """Open everything the settings name, and close it in the opposite order.

    Raises:
        Refusal: a part cannot be opened; its code says which and what to do.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    secrets_dir = settings.data_dir / "secrets"
    production = settings.mode == "production"
    async with AsyncExitStack() as stack:
        db = await open_migrated(
            settings.database, pool_size=settings.database_pool_size, batch_max=settings.engine_batch_max
        )
        stack.push_async_callback(db.close)
        await check_durability(db, production=production)
        clock = SystemClock()
        cache, pubsub = _redis_or_memory(settings)
        stack.push_async_callback(cache.close)
        stack.push_async_callback(pubsub.close)
        blobs = _blobs(settings, secrets_dir)
        stack.push_async_callback(blobs.close)
        specs, source = _source(settings, clock)
        stack.push_async_callback(source.close)
        connector = HttpConnector(allow_loopback=not production, moved=settings.connector_origins)
        stack.push_async_callback(connector.close)
        channel = _channel(settings, secrets_dir)
        stack.push_async_callback(channel.close)
        notifier = _notifier(settings, clock)
        stack.push_async_callback(notifier.close)
        signer = FileSigner(secrets_dir / "build.key")
        sandbox = WasmSandbox(
            work_dir=settings.data_dir / "runtime",
            load=blobs.get,
            verify=signer.verify,
            allow_unjailed=settings.sandbox_unjailed,
            production=production,
        )
        stack.push_async_callback(sandbox.close)
        edge = load_edge().make_edge(settings)
        platform = Platform(
            settings=settings,
            db=db,
            clock=clock,
            cache=cache,
            pubsub=pubsub,
            blobs=blobs,
            notifier=notifier,
            dev_inbox=notifier if isinstance(notifier, DevelopmentNotifier) else None,
            channel=channel,
            source=source,
            sources=specs,
            connector=connector,
            sealer=FileSealer(secrets_dir / "sealing"),
            sandbox=sandbox,
            builder=build_component,
            build_signer=signer,
            tokens=JwtTokens(KeyFolder(secrets_dir / "tokens"), issuer=settings.issuer, clock=clock),
            verified=VerifiedTokens(),
            subject_secret=secret_file(secrets_dir / "subject.key"),
            edge=edge,
        )
        edge.platform = platform
        watching = asyncio.create_task(platform.verified.watch(db=db, pubsub=pubsub, clock=clock))
        stack.push_async_callback(_cancel, watching)
        stack.push_async_callback(_cancel, asyncio.create_task(edge.watch(platform)))
        yield platform


async def open_migrated(url: str, *, pool_size: int = 2, batch_max: int = BATCH_MAX) -> Database:
    """Open the database as every verb needs it: with all tables of this version.

    Raises:
        DatabaseNotMigrated: it lacks steps. DatabaseNewerThanCode: it has steps this version does not know.
        Refusal: it cannot be opened; the code says why.
    """
    waiting = await pending(url)
    if waiting:
        raise DatabaseNotMigrated(pending=len(waiting))
    return await open_database(url, pool_size=pool_size, models=MODELS, batch_max=batch_max)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def secret_file(file: Path) -> bytes:
    """Return the 32 random bytes of a secret, made at the first start in a file of mode 0600."""
    if not file.exists():
        make_private(file, secrets.token_bytes(32))
    return file.read_bytes()


def _redis_or_memory(settings: Settings) -> tuple[Cache, PubSub]:
    url = settings.redis_url.get_secret_value()
    if not url:
        return MemoryCache(), MemoryPubSub()
    from shimin.adapters.redis_cache import RedisCache  # noqa: PLC0415 - a third of a second to import
    from shimin.adapters.redis_pubsub import RedisPubSub  # noqa: PLC0415

    return RedisCache.open(url), RedisPubSub.open(url)


def _notifier(settings: Settings, clock: Clock) -> Notifier:
    if settings.notify_url:
        secret = settings.notify_secret.get_secret_value().encode()
        return WebhookNotifier(settings.notify_url, secret, clock=clock)
    return DevelopmentNotifier(mode=settings.mode, folder=settings.data_dir)


def _channel(settings: Settings, secrets_dir: Path) -> Channel:
    if settings.mode == "production":
        return ClosedChannel()
    return open_emulator_channel(settings.channel_url, secrets_dir, mode=settings.mode)


def _blobs(settings: Settings, secrets_dir: Path) -> Blobs:
    if not settings.s3_url:
        return FolderBlobs(
            settings.data_dir / "blobs", base_url=settings.issuer, secret=secret_file(secrets_dir / "blobs.key")
        )
    from shimin.adapters.s3_blobs import S3Blobs  # noqa: PLC0415 - boto3 takes half a second to import

    return S3Blobs(
        url=settings.s3_url,
        bucket=settings.s3_bucket,
        region=settings.s3_region,
        access_key=settings.s3_access_key.get_secret_value(),
        secret_key=settings.s3_secret_key.get_secret_value(),
    )


def source_secret(settings: Settings, name: str) -> bytes:
    """Return the secret shared with a source: the setting's, else the demonstration department's in the data folder."""
    given = settings.source(name).secret
    return given.get_secret_value().encode() if given else demo_source_secret(settings)


def demo_source_secret(settings: Settings) -> bytes:
    """Return the secret that the platform and the demonstration's department find in the data folder."""
    return secret_file(settings.data_dir / "secrets" / "demo-source.key")


def _registrations(settings: Settings) -> str:
    """Return the file that registers sources: the one set, else the demonstration city's, which production has not."""
    if settings.sources_file:
        try:
            return settings.sources_file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSettings(problems=f"SHIMIN_SOURCES_FILE cannot be read: {type(error).__name__}") from None
    if settings.mode == "production":
        return ""
    return (resources.files("shimin.demo") / "sources.toml").read_text("utf-8")


def _source(settings: Settings, clock: Clock) -> tuple[Mapping[str, SourceSpec], Source]:
    specs = vault.read_registrations(_registrations(settings))
    if settings.mode == "production":
        lacking = [name.upper() for name in specs if name not in settings.sources or not settings.sources[name].secret]
        if lacking:
            named = ", ".join(f"SHIMIN_SOURCES__{name}__URL and __SECRET" for name in lacking)
            raise InvalidSettings(problems=f"missing: {named}")
    addresses = {name: SourceAddress(settings.source(name).url, source_secret(settings, name)) for name in specs}
    return specs, HttpSource(specs, addresses, clock=clock)
