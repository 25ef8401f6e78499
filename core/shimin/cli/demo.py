"""``shimin demo``: the whole story over HTTP against a running server."""

from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.syntax import Syntax

from shimin.config import load_settings
from shimin.demo.phone import AWAY_S, Phone
from shimin.demo.residents import load_residents
from shimin.demo.story import Step, Story
from shimin.kit.call import Locale


def demo(
    url: Annotated[
        str | None, typer.Option(help="Server to play against; SHIMIN_HOST and SHIMIN_PORT otherwise.")
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of the citizen: zh-Hans or en.")] = "zh-Hans",
    wait_s: Annotated[float, typer.Option(help="Seconds to wait for a server that is away.", min=0)] = AWAY_S,
    documents: Annotated[bool, typer.Option(help="Print each step's GraphQL document.")] = True,
) -> None:
    """Play the citizen's whole story: find, sign in, open a mini-app, consent, pay, get the receipt.

    Prints each step with its GraphQL document and time; exits with 1 at the first step that is wrong.

    Example: shimin demo --lang en --no-documents
    """
    settings = load_settings()
    console = Console()
    base_url = (url or f"http://{settings.host}:{settings.port}").rstrip("/")
    locale: Locale = "en" if lang == "en" else "zh-Hans"
    number = 0

    def report(step: Step) -> None:
        nonlocal number
        number += 1
        if documents:
            console.print(Syntax(step.document.strip(), "graphql", theme="ansi_dark", padding=(0, 4)))
        console.print(
            f"[green]{number:2} ✓[/green] [bold]{step.title}[/bold]: {step.outcome} [dim]{step.took_ms:.0f} ms[/dim]"
        )

    with httpx.Client(timeout=15) as http:
        phones = [
            Phone(
                base_url,
                http,
                locale=locale,
                away_s=wait_s,
                on_wait=lambda text: console.print(f"[yellow]   {text}[/yellow]"),
            )
            for _ in range(2)
        ]
        Story(phones[0], phones[1], load_residents()[0], report).play()
    console.print(
        f"[bold green]The story holds: {number} steps.[/bold green] Now check the books: shimin ledger verify"
    )
