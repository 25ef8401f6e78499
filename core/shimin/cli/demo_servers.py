"""``shimin demo-department`` and ``shimin demo-channel``: the demonstration's own servers, apart from the platform."""

from typing import Annotated
from urllib.parse import urlsplit

import typer

from shimin.adapters.dev_notifier import DevelopmentOnly
from shimin.cli.serve import bind
from shimin.config import InvalidSettings, Settings, load_settings


def demo_department() -> None:
    """Serve the invented department's system of record: insurance accounts and bills of invented citizens.

    Listens on the port of SHIMIN_DEMO_DEPARTMENT_URL, on this machine only.

    Example: shimin demo-department
    """
    settings = _development("shimin demo-department")
    port = port_of(settings.demo_department_url)
    from shimin.assembly import demo_source_secret  # noqa: PLC0415 - loads everything; the mode is checked first
    from shimin.demo.department import run_department  # noqa: PLC0415

    bind("127.0.0.1", port).close()
    run_department("127.0.0.1", port, settings.data_dir / "demo" / "department.db", demo_source_secret(settings))


def demo_channel(
    webhook_url: Annotated[str, typer.Option(help="Where the platform hears what became of payments.")] = "",
    delay_s: Annotated[float, typer.Option(help="Seconds until a charge is settled.", min=0, max=3600)] = 1.0,
) -> None:
    """Serve the emulated payment network: it collects invented money and says so by signed webhook until it is heard.

    Listens on the port of SHIMIN_CHANNEL_URL, on this machine only.

    Example: shimin demo-channel --delay-s 5
    """
    settings = _development("shimin demo-channel")
    port = port_of(settings.channel_url)
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


def port_of(url: str) -> int:
    """Return the port of one of the demonstration's own addresses.

    Raises:
        InvalidSettings: the address names no port.
    """
    port = urlsplit(url).port
    if port is None:
        raise InvalidSettings(problems=f"{url} names no port")
    return port


def _development(command: str) -> Settings:
    settings = load_settings()
    if settings.mode == "production":
        raise DevelopmentOnly(what=command)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return settings
