"""``shimin serve``: answer requests."""

import asyncio
import gc
import socket
from typing import Annotated

import structlog
import typer
import uvicorn
import uvloop

from shimin.config import Settings, load_settings
from shimin.kit.refusal import Refusal

BACKLOG = 2048
COLLECT_AFTER = 20_000
"""New objects that can hold others before the youngest are looked through; a request leaves nearly none in cycles."""
UNREAD_S_MAX = 60.0
"""Longest that a client may leave what was sent to it untaken; then its connection is cut and its buffer freed."""
WS_PING_INTERVAL_S = 20.0
"""Keeps proxies from closing an idle websocket; most do after 60 s."""
WS_PING_TIMEOUT_S = 20.0
"""A client that does not answer a ping this long is gone, even if nothing said so."""
log = structlog.get_logger("shimin.server")


class PortTaken(Refusal):
    """Another program already listens there."""

    code = "PORT_TAKEN"
    address: str


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; SHIMIN_HOST otherwise.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; SHIMIN_PORT otherwise.", min=0, max=65535)
    ] = None,
) -> None:
    """Serve the platform over HTTP until stopped.

    Example: shimin serve --port 8080
    """
    settings = load_settings()
    changes = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    run_server(settings.model_copy(update=changes))


def run_server(settings: Settings) -> None:
    """Bind first, then load and serve: a taken port is said before anything else happens.

    Raises:
        PortTaken: another program listens there.
        Refusal: the platform cannot be opened; its code says why.
    """
    listening = bind(settings.host, settings.port)
    from shimin.assembly import load_edge, open_platform  # noqa: PLC0415 - a taken port is said before all this loads

    settings = settings.model_copy(update={"port": listening.getsockname()[1]})

    async def serve_platform() -> bool:
        async with open_platform(settings) as platform:
            if settings.mode == "development":
                log.warning("server.development", text="development mode: not for production")
            log.info("server.starting", address=settings.issuer, database=platform.db.engine, worker=settings.worker)
            config = uvicorn.Config(
                load_edge().create_app(settings, platform),
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="on",
                timeout_graceful_shutdown=3,
                timeout_keep_alive=30,
                limit_concurrency=4096,
                ws="websockets-sansio",
                ws_max_size=settings.body_bytes_max,
                ws_per_message_deflate=False,
                ws_ping_interval=WS_PING_INTERVAL_S,
                ws_ping_timeout=WS_PING_TIMEOUT_S,
            )
            server = uvicorn.Server(config)
            spare_the_collector()
            await server.serve(sockets=[listening])
            return server.started

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if not runner.run(serve_platform()):
            raise SystemExit(1)


def spare_the_collector() -> None:
    """Let garbage collection pass over what stays for good, and come less often: it took an eighth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 50)


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket, whose connections are cut when their client takes nothing for ``UNREAD_S_MAX``.

    Raises:
        PortTaken: another program listens there, or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY by protocol
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; accepted connections inherit it
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNREAD_S_MAX * 1000))
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise PortTaken(address=f"{host}:{port}") from None
    return listening
