"""Writes the types of a mini-app's documents: frozen dataclasses that ``shimin_sdk`` reads and sends."""

import json
import keyword
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from graphql import GraphQLSchema, Undefined

from shimin_sdk.cli.generate.shapes import (
    ROOT_SHAPE,
    Member,
    Operation,
    Shape,
    Type,
    UnclearOperationError,
    enum_values,
    input_members,
    inputs_within,
)
from shimin_sdk.wire import camel

MARK = "Written by `shimin-sdk generate`: change the documents and run it again."
LINE_CHARS_MAX = 120
SCALARS: Mapping[str, str] = {
    "ID": "str",
    "String": "str",
    "Int": "int",
    "Float": "float",
    "Boolean": "bool",
    "DateTime": "datetime",
    "Date": "date",
    "JSON": "object",
}
"""Python's type of each scalar; ``MinorUnits`` comes as ``Money`` only."""
MONEY = "Money"


def write(schema: GraphQLSchema, operations: Sequence[Operation]) -> str:
    """Return the module for some documents, as ``ruff format`` would leave it; same input, same text.

    Raises:
        UnclearOperationError: a name has no Python form, or two things would have one name.
    """
    inputs, enums = inputs_within(schema, {name for one in operations for name in one.inputs})
    enums |= {name for one in operations for name in one.enums}
    aliases = [_literal(name, list(enum_values(schema, name))) for name in sorted(enums)]
    classes = [_input(schema, name) for name in inputs]
    for one in operations:
        _check_money(one)
        classes += [text for shape in _in_order(one) if (text := _shape(one, shape))]
        classes += [_operation(one)]
    text = "\n\n".join(["\n".join(aliases) + "\n", *classes] if aliases else classes)
    _no_name_twice(text)
    head = f'"""The documents of ``operations/`` as types.\n\n{MARK}\n"""\n'
    imports = list(_imports(text))
    return "\n".join([head, *imports, "", *([] if aliases else [""]), text.rstrip("\n"), ""])


def _imports(text: str) -> Iterator[str]:
    def used(names: Iterable[str]) -> str:
        return ", ".join(name for name in names if re.search(rf"\b{name}\b", text))

    yield "from dataclasses import dataclass"
    for module, names in (("datetime", ("date", "datetime")), ("typing", ("ClassVar", "Literal", "TypeAlias"))):
        if found := used(names):
            yield f"from {module} import {found}"
    yield ""
    yield f"from shimin_sdk import {used(('Asked', 'Input', MONEY, 'Operation'))}"


def _no_name_twice(text: str) -> None:
    names = re.findall(r"^(?:class )?([A-Za-z_]\w*)(?:\(|:| = )", text, re.MULTILINE)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnclearOperationError(f"two things would be called {twice[0]}; rename one of the operations")


def _in_order(one: Operation) -> list[Shape]:
    return [shape for shape in one.shapes.values() if not _is_money(shape)]


def _is_money(shape: Shape) -> bool:
    """Return whether a shape is an amount as ``Money`` takes it."""
    return {member.name for member in shape.members} == {"amountMinor", "currency"} and shape.name.endswith(MONEY)


def _check_money(one: Operation) -> None:
    for shape in one.shapes.values():
        for member in shape.members:
            if member.type.name == "MinorUnits" and not _is_money(shape):
                hint = "of an amount select amountMinor and currency, nothing else and under their own names"
                raise UnclearOperationError(f"{one.module}: {hint}")


def _shape(one: Operation, shape: Shape) -> str:
    lines = ["@dataclass(frozen=True, kw_only=True)", f"class {_named(one, shape.name)}:"]
    selected = f"What ``{one.name}`` answers."
    if shape.name != ROOT_SHAPE:
        selected = f"What ``{one.name}`` reads of {' or '.join(shape.typenames[:3]) or shape.name}."
    lines += [f'    """{selected}"""', ""]
    if shape.typenames and any(shape.name in choice.shapes for choice in one.choices.values()):
        names = [json.dumps(name) for name in shape.typenames]
        single = "," if len(names) == 1 else ""
        lines += [*_bracketed("    TYPENAMES: ClassVar[tuple[str, ...]] = (", names, f"{single})"), ""]
    lines += [line for member in shape.members for line in _attribute(one, member)]
    return "\n".join(lines) + "\n"


def _operation(one: Operation) -> str:
    made = f'Operation("operations/{one.module}.graphql", {_named(one, ROOT_SHAPE)})'
    if not one.variables:
        return f'{one.name} = {made}\n"""``call.execute(operations.{one.name})``."""\n'
    data = _named(one, ROOT_SHAPE)
    shown = ", ".join(f"{_python_name(one.module, member.name)}=…" for member in one.variables if not member.optional)
    lines = ["@dataclass(frozen=True, kw_only=True)", f"class {one.name}(Asked[{data}]):"]
    lines += [f'    """``call.execute(operations.{one.name}({shown}))``."""', "", f"    OPERATION = {made}", ""]
    lines += [line for member in one.variables for line in _attribute(one, member)]
    return "\n".join(lines) + "\n"


def _input(schema: GraphQLSchema, name: str) -> str:
    lines = [
        "@dataclass(frozen=True, kw_only=True)",
        f"class {name}(Input):",
        f'    """``{name}`` of the schema."""',
        "",
    ]
    for member in input_members(schema, name):
        lines += _attribute(None, member)
    return "\n".join(lines) + "\n"


def _attribute(one: Operation | None, member: Member) -> Iterator[str]:
    name = _python_name(one.module if one else "", member.name)
    annotation = _annotation(one, member.type)
    if member.optional:
        value = member.default
        plain = isinstance(value, str | int | float | bool) and member.type.sort in {"scalar", "enum"}
        if value is Undefined or value is None or not plain:
            annotation += "" if annotation.endswith("| None") else " | None"
            yield f"    {name}: {annotation} = None"
        else:
            written = json.dumps(value) if isinstance(value, str) else repr(value)
            yield f"    {name}: {annotation} = {written}"
    else:
        yield f"    {name}: {annotation}"
    if member.doc:
        yield from _doc(member.doc)


def _doc(text: str) -> list[str]:
    text = text.replace("\\", "\\\\").replace('"', "'")
    whole = f'    """{text}"""'
    if len(whole) <= LINE_CHARS_MAX:
        return [whole]
    first, *rest = textwrap.wrap(text, LINE_CHARS_MAX - 7)
    return [f'    """{first}', *(f"    {line}" for line in rest), '    """']


def _annotation(one: Operation | None, kind: Type) -> str:
    if kind.item:
        written = f"list[{_annotation(one, kind.item)}]"
    elif kind.sort == "scalar":
        if kind.name not in SCALARS:
            raise UnclearOperationError(f"{one.module if one else 'input'}: {kind.name} has no Python type")
        written = SCALARS[kind.name]
    elif kind.sort in {"enum", "input"} or one is None:
        written = kind.name
    elif kind.sort == "choice":
        written = " | ".join(_named(one, name) for name in one.choices[kind.name].shapes)
    else:
        written = MONEY if _is_money(one.shapes[kind.name]) else _named(one, kind.name)
    return f"{written} | None" if kind.nullable and written != "object" else written


def _named(one: Operation, name: str) -> str:
    return f"{one.name}{name[0].upper()}{name[1:]}"


def _literal(name: str, values: Sequence[str]) -> str:
    return "\n".join(_bracketed(f"{name}: TypeAlias = Literal[", [json.dumps(value) for value in values], "]"))


def _bracketed(head: str, items: Sequence[str], tail: str) -> list[str]:
    """Return a bracket on one line where it fits, else with one item a line."""
    whole = f"{head}{', '.join(items)}{tail}"
    if len(whole) <= LINE_CHARS_MAX:
        return [whole]
    indent = head[: len(head) - len(head.lstrip())]
    return [head, *(f"{indent}    {item}," for item in items), f"{indent}{tail.lstrip(',')}"]


def _python_name(module: str, name: str) -> str:
    """Return ``billReference`` as ``bill_reference``.

    Raises:
        UnclearOperationError: the name would not come back as it was, or is Python's own.
    """
    found = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    if camel(found) != name or keyword.iskeyword(found) or found.startswith("_"):
        raise UnclearOperationError(f"{module}: {name} has no Python name; give it an alias, such as: own: {name}")
    return found
