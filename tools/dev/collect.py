"""Finds what the code says about itself: refusals, facts, settings, commands; for reference pages and their tests."""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

import shimin
import shimin_graphql
from shimin.config import PREFIX, Settings
from shimin.kit.fact import Fact
from shimin.kit.refusal import Refusal

APART = ("__main__", "runner_main")
"""Modules that do something when imported, or must stay small."""


def modules() -> list[ModuleType]:
    """Import every module of the server distribution; one that cannot be imported is an error."""
    return [
        importlib.import_module(info.name)
        for package in (shimin, shimin_graphql)
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=_fail)
        if info.name.rsplit(".", 1)[-1] not in APART
    ]


def _fail(name: str) -> None:
    message = f"{name} cannot be imported"
    raise ImportError(message)


def _subclasses(base: type[Any]) -> Iterator[type[Any]]:
    for sub in base.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def refusals() -> list[type[Refusal]]:
    """Return every refusal of the platform that has a code, by code."""
    modules()
    own = {sub for sub in _subclasses(Refusal) if "code" in vars(sub) and sub.__module__.startswith("shimin")}
    return sorted(own, key=lambda refusal: refusal.code)


def facts() -> list[type[Fact]]:
    """Return every fact of the platform, by name."""
    modules()
    own = {sub for sub in _subclasses(Fact) if "name" in vars(sub) and sub.__module__.startswith("shimin")}
    return sorted(own, key=lambda fact: fact.name)


def promise(thing: object) -> str:
    """Return the first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())


def home(thing: type) -> str:
    """Return the domain or layer a class belongs to, such as ``payments``."""
    parts = thing.__module__.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def fact_fields(fact: type[Fact]) -> list[tuple[str, str]]:
    """Return a fact's members with their types as written."""
    return [(field.name, type_text(field.type)) for field in fields(fact)]


def type_text(annotation: Any) -> str:
    """Return a type the way it is written in the code."""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


Command = TyperCommand | TyperGroup


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable of the platform."""

    variable: str
    type_text: str
    default: str
    promise: str


def settings() -> list[Setting]:
    """Return every setting in the order of the code, with the sentence that stands under it there."""
    sentences = _field_docs(Settings)
    found = []
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True, validated_data={})
        secret = getattr(default, "get_secret_value", None)
        shown = secret() if secret else default
        text = "" if shown in ("", None, {}) else str(shown)
        found.append(Setting(f"{PREFIX}{name.upper()}", _plain(field.annotation), text, sentences.get(name, "")))
    return found


def _plain(annotation: Any) -> str:
    """Return a setting's type in the words of somebody who sets an environment variable."""
    text = inspect.formatannotation(annotation)
    for written, plain in (("pathlib.Path", "path"), ("pydantic.types.SecretStr", "secret"), ("SecretStr", "secret")):
        text = text.replace(written, plain)
    if text.startswith("Literal["):
        return " or ".join(part.strip(" '\"") for part in text[8:-1].split(","))
    if text.startswith("dict["):
        return "one per name"
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "path | None": "path"}
    return names.get(text, text)


def _field_docs(cls: type) -> dict[str, str]:
    """Return the string literal that follows each annotated assignment of a class."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, after in zip(body.body, body.body[1:], strict=False):
        is_field = isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if is_field and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            assert isinstance(field, ast.AnnAssign)
            assert isinstance(field.target, ast.Name)
            found[field.target.id] = " ".join(str(after.value.value).split())
    return found


def commands(app: typer.Typer, name: str) -> list[tuple[str, Command]]:
    """Return every command of a command line with its full name, groups before their members."""

    def walk(path: str, command: object) -> Iterator[tuple[str, Command]]:
        assert isinstance(command, Command)
        yield path, command
        if isinstance(command, TyperGroup):
            for sub in sorted(command.commands):
                yield from walk(f"{path} {sub}", command.commands[sub])

    return list(walk(name, typer.main.get_command(app)))
