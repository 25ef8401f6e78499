"""How the command line speaks: for people on standard error, for programs one JSON object on standard output."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from shimin_sdk.cli.exits import USAGE
from shimin_sdk.findings import Finding


class Say:
    """One command's voice."""

    def __init__(self, locale: str, *, as_json: bool) -> None:
        """Speak a language, to people or to programs."""
        self._locale = locale
        self._as_json = as_json
        self._console = Console(stderr=True, soft_wrap=True, highlight=False)

    def findings(self, findings: Sequence[Finding], facts: Mapping[str, Any]) -> None:
        """Show findings, each with its place and what to do; for programs together with the facts."""
        if self._as_json:
            self.program({**facts, "findings": [item.as_json(self._locale) for item in findings]})
            return
        for item in findings:
            color = "red" if item.severity == "error" else "yellow"
            place = f"{escape(item.place)}: " if item.place else ""
            self._console.print(f"{place}[{color}]{item.code}[/] {escape(item.message(self._locale))}")
            self._console.print(f"    [dim]→[/] {escape(item.fix(self._locale))}")

    def program(self, answer: Mapping[str, Any]) -> None:
        """Write one JSON object to standard output, where a program listens."""
        if self._as_json:
            sys.stdout.write(f"{json.dumps(answer, ensure_ascii=False)}\n")

    def can_ask(self) -> bool:
        """Return whether a person sits at a terminal and can answer."""
        return not self._as_json and sys.stdin.isatty() and sys.stderr.isatty()

    def choose(self, question: str, choices: Mapping[str, str]) -> str:
        """Let the person choose one of some things, by number or name; asks again until it is one of them."""
        names = list(choices)
        self._console.print(escape(question))
        for number, (name, words) in enumerate(choices.items(), 1):
            self._console.print(f"  [bold]{number}[/] {escape(name)} [dim]{escape(words)}[/]")
        while True:
            said = str(typer.prompt("Number or name", default=names[0], err=True)).strip()
            if said in choices:
                return said
            if said.isdecimal() and 1 <= int(said) <= len(names):
                return names[int(said) - 1]
            self.bad(f"{said} is none of them", then=f"answer 1 to {len(names)}")

    def lines(self, *lines: str) -> None:
        """Show some lines as they are."""
        if not self._as_json:
            for line in lines:
                self._console.print(escape(line))

    def good(self, text: str, then: str = "") -> None:
        """Say that it worked and what usually comes next."""
        self._line("green", "✓", text, then)

    def bad(self, text: str, then: str = "") -> None:
        """Say that it did not work and what to do."""
        self._line("red", "✗", text, then)

    def stop(self, text: str, then: str) -> NoReturn:
        """Say that the command was used wrongly and what to do, and end with exit code 2."""
        self.program({"ok": False, "error": text, "fix": then})
        self.bad(text, then)
        raise typer.Exit(USAGE)

    def _line(self, color: str, mark: str, text: str, then: str) -> None:
        if not self._as_json:
            self._console.print(f"[{color}]{mark}[/] {escape(text)}")
            if then:
                self._console.print(f"    [dim]→[/] {escape(then)}")
