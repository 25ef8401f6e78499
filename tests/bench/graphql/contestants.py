"""Who is measured: each configuration of ours and each peer, with how it is started and asked."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from answer import BILLS, MESSAGES, MINI_APPS
from install import ROOT
from peers import FOLDER as PEERS
from shimin.kit.digest import sha256_id

OPERATION = ROOT / "graphql" / "shimin_graphql" / "operations" / "home.graphql"
VARIABLES = {"messages": MESSAGES, "bills": BILLS, "miniApps": MINI_APPS}
"""Sent with every request, though they are the defaults: graphql-jit refuses a required variable that is left out."""
POOL_SIZE = 10
"""Connections to the database that each server may have, ours and the peers."""

_TEXTS = count(1)

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """What a server is told when it is started."""

    port: int
    database_url: str
    sqlite_url: str
    data_dir: Path
    issuer: str
    audience: str
    public_key: str
    static_body: Path


Settings = Callable[[Place], Mapping[str, str]]
"""From what a server is told to the variables of its environment."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One configuration: what it is, how its server starts, how it is asked."""

    name: str
    title: str
    command: Callable[[Place], Sequence[str]]
    environment: Settings
    body: Callable[[str], Json]
    """From the document's text to a request's JSON; called for each request."""
    peer: str | None = None
    """The folder of ``tests/bench/peers`` that it lives in; needs node."""
    is_static: bool = False
    """Answers with the same bytes whoever asks: nothing to compare."""
    is_python: bool = False
    """Another program than ours that needs no node."""
    engine: str = "postgres"
    dimensions: tuple[int, ...] = ()
    """Numbers of connections it is measured with besides the usual one."""

    @property
    def is_ours(self) -> bool:
        """Whether this is the platform itself."""
        return self.peer is None and not self.is_static and not self.is_python


def document() -> str:
    """Return the home screen's document, which the reference client asks."""
    return OPERATION.read_text("utf-8")


def _serve(place: Place) -> Sequence[str]:
    return [str(Path(sys.executable).with_name("shimin")), "serve", "--port", str(place.port)]


def _production(tier: str, *, keeps_public: bool = False, batch_max: int = 1) -> Settings:
    """Return the settings of an installation in production; the worker is a process of its own and not measured."""
    return lambda place: {
        "SHIMIN_MODE": "production",
        "SHIMIN_PUBLIC_URL": place.issuer,
        "SHIMIN_DATABASE_URL": place.database_url,
        "SHIMIN_DATABASE_POOL_SIZE": str(POOL_SIZE),
        "SHIMIN_DATA_DIR": str(place.data_dir),
        "SHIMIN_NOTIFY_URL": "https://gateway.example",
        "SHIMIN_NOTIFY_SECRET": "nobody is notified in a benchmark",
        "SHIMIN_WORKER": "separate",
        "SHIMIN_ENGINE_TIER": tier,
        "SHIMIN_ENGINE_KEEP_PUBLIC": str(int(keeps_public)),
        "SHIMIN_ENGINE_BATCH_MAX": str(batch_max),
    }


def _development(production: Settings, database: Callable[[Place], str]) -> Settings:
    """Return settings of development: the only mode that takes documents as text, or SQLite."""
    return lambda place: {
        **production(place),
        "SHIMIN_MODE": "development",
        "SHIMIN_DATABASE_URL": database(place),
    }


def _node(**variables: str) -> Settings:
    return lambda place: {
        "NODE_ENV": "production",
        "BENCH_PORT": str(place.port),
        "BENCH_DATABASE_URL": place.database_url,
        "BENCH_POOL_SIZE": str(POOL_SIZE),
        "BENCH_PUBLIC_KEY": place.public_key,
        "BENCH_ISSUER": place.issuer,
        "BENCH_AUDIENCE": place.audience,
        "BENCH_DOCUMENT": document(),
        "BENCH_DOCUMENT_ID": _hash(document()),
        "BENCH_WORDS": json.dumps(_words(), ensure_ascii=False),
        "BENCH_STATIC_BODY": str(place.static_body),
        **variables,
    }


def _run_node(folder: str) -> Callable[[Place], Sequence[str]]:
    return lambda _: ["node", str(PEERS / folder / "server.mjs")]


def _uvicorn(application: str, place: Place) -> Sequence[str]:
    """Return the command of the ASGI server as ``shimin serve`` runs it."""
    flags = ("--loop", "uvloop", "--http", "httptools", "--ws", "none", "--no-access-log", "--no-server-header")
    where = ("--host", "127.0.0.1", "--port", str(place.port), "--app-dir", str(Path(__file__).parent))
    return [sys.executable, "-m", "uvicorn", application, "--log-level", "warning", *flags, *where]


def _words() -> Mapping[str, Any]:
    """Return the words of every message template, as the peers take them."""
    from shimin.kit.text import LOCALES, _texts  # noqa: PLC0415 - private, and read by the peers' settings alone
    from shimin.messages.model import TEMPLATES  # noqa: PLC0415

    texts = _texts()
    return {
        template.name: {
            "title": {locale: texts[template.title_code][locale] for locale in LOCALES},
            "body": {locale: texts[template.body_code][locale] for locale in LOCALES},
        }
        for template in TEMPLATES.values()
    }


def _hash(text: str) -> str:
    return sha256_id(text).partition(":")[2]


def _by_id(text: str) -> Json:
    return {"documentId": sha256_id(text), "variables": VARIABLES}


def _by_hash(text: str) -> Json:
    """Ask mercurius for a persisted query (its own protocol)."""
    return {"query": _hash(text), "persisted": True, "variables": VARIABLES}


def _by_text(text: str) -> Json:
    """Send a text that was never sent before, so that none of it is ready: a comment makes the difference."""
    return {"query": f"{text}# {next(_TEXTS)}\n", "variables": VARIABLES}


_TIER1_WHOLE = _production("compiled", keeps_public=True, batch_max=32)

CONTESTANTS: Sequence[Contestant] = (
    Contestant("tier1", "ours: tier 1 alone", _serve, _production("compiled"), _by_id, dimensions=(1, 256)),
    Contestant(
        "tier1-batched", "ours: tier 1 + batching + fragment cache", _serve, _TIER1_WHOLE, _by_id, dimensions=(1, 256)
    ),
    Contestant("tier2", "ours: tier 2", _serve, _production("batched"), _by_id),
    Contestant(
        "tier3-naive",
        "ours: tier 3 naive, a new text each time",
        *(_serve, _development(_production("stock"), lambda place: place.database_url), _by_text),
    ),
    Contestant(
        "tier1-sqlite",
        "ours: tier 1 + fragment cache, SQLite, a smaller city",
        *(_serve, _development(_TIER1_WHOLE, lambda place: place.sqlite_url), _by_id),
        engine="sqlite",
        dimensions=(1, 256),
    ),
    Contestant(
        "mercurius", "mercurius + graphql-jit, persisted", _run_node("mercurius"), _node(), _by_hash, peer="mercurius"
    ),
    Contestant(
        "mercurius-cached",
        "the same, public part in process",
        *(_run_node("mercurius"), _node(BENCH_PUBLIC_PART="memory"), _by_hash),
        peer="mercurius",
        dimensions=(1, 256),
    ),
    Contestant(
        "mercurius-cache-plugin",
        "the same, mini-apps by mercurius-cache",
        *(_run_node("mercurius"), _node(BENCH_PUBLIC_PART="mercurius-cache"), _by_hash),
        peer="mercurius",
    ),
    Contestant(
        "postgraphile",
        "PostGraphile 5, persisted",
        *(_run_node("postgraphile"), _node(), _by_id),
        peer="postgraphile",
    ),
    Contestant(
        "fastify-sql",
        "fastify + one hand-written statement",
        *(_run_node("fastify"), _node(BENCH_ANSWER="sql"), _by_id),
        peer="fastify",
    ),
    Contestant(
        "strawberry-naive",
        "Strawberry + Tortoise + data loaders",
        *(partial(_uvicorn, "naive:app"), _node(), lambda text: {"query": text, "variables": VARIABLES}),
        is_python=True,
    ),
    Contestant(
        "static-asgi",
        "static bytes, uvicorn",
        *(partial(_uvicorn, "floor:app"), lambda place: {"BENCH_STATIC_BODY": str(place.static_body)}, _by_id),
        is_static=True,
    ),
    Contestant(
        "static-fastify",
        "static bytes, fastify",
        *(_run_node("fastify"), _node(BENCH_ANSWER="static"), _by_id),
        peer="fastify",
        is_static=True,
    ),
)
