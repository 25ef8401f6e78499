"""``shimin demo-department`` and ``shimin demo-channel``: the demonstration's own servers, apart from the platform."""

from typing import Annotated

import typer

from shimin.adapters.dev_notifier import DevelopmentOnly
from shimin.cli.serve import bind
from shimin.config import Settings, load_settings
from shimin.demo.ports import CHANNEL_PORT, DEPARTMENT_PORT

Port = Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)]


def demo_department(port: Port = DEPARTMENT_PORT) -> None:
    """Serve the invented department's system of record: insurance accounts and bills of invented citizens.

    Example: shimin demo-department --port 8101
    """
    settings = _development("shimin demo-department")
    from shimin.assembly import demo_source_secret  # noqa: PLC0415 - loads everything; the mode is checked first
    from shimin.demo.department import run_department  # noqa: PLC0415

    bind("127.0.0.1", port).close()
    run_department("127.0.0.1", port, settings.data_dir / "demo" / "department.db", demo_source_secret(settings))


def demo_channel(
    webhook_url: Annotated[str, typer.Option(help="Where the platform hears what became of payments.")] = "",
    port: Port = CHANNEL_PORT,
    delay_s: Annotated[float, typer.Option(help="Seconds until a charge is settled.", min=0, max=3600)] = 1.0,
) -> None:
    """Serve the emulated payment network: it collects invented money and says so by signed webhook until it is heard.

    Example: shimin demo-channel --delay-s 5
    """
    settings = _development("shimin demo-channel")
    from shimin.demo.channel import run_channel  # noqa: PLC0415

    bind("127.0.0.1", port).close()
    run_channel(
        "127.0.0.1",
        port,
        state_path=settings.data_dir / "demo" / "channel.db",
        secrets_dir=settings.data_dir / "secrets",
        webhook_url=webhook_url or f"http://{settings.host}:{settings.port}/webhooks/channels/emulator",
        delay_s=delay_s,
    )


def _development(command: str) -> Settings:
    settings = load_settings()
    if settings.mode == "production":
        raise DevelopmentOnly(what=command)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return settings
