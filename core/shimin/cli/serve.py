"""``shimin serve``: answer requests."""

import socket
from typing import Annotated

import typer

from shimin.config import Settings, load_settings
from shimin.kit.refusal import Refusal

BACKLOG = 2048


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
    """
    listening = bind(settings.host, settings.port)
    import uvicorn  # noqa: PLC0415 - so that other verbs start without loading the server

    from shimin.assembly import load_edge  # noqa: PLC0415

    settings = settings.model_copy(update={"port": listening.getsockname()[1]})
    config = uvicorn.Config(
        load_edge().create_app(settings),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=3,
        timeout_keep_alive=30,
        limit_concurrency=4096,
        ws="none",
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listening])
    if not server.started:
        raise SystemExit(1)


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        PortTaken: another program listens there, or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY by protocol
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise PortTaken(address=f"{host}:{port}") from None
    return listening
