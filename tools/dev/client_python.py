"""Writes the Python client's modules: one for each operation, with models that pydantic checks."""

import json
import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import GraphQLSchema, Undefined

from shimin_sdk.cli.generate.shapes import (
    Choice,
    Member,
    Operation,
    Shape,
    Type,
    describe,
    enum_values,
    input_members,
    inputs_within,
)

WRITTEN = "Written by `make clients` from the operation and the schema: change it there."
SCALARS: Mapping[str, tuple[str, str]] = {
    "ID": ("str", ""),
    "String": ("str", ""),
    "Int": ("int", ""),
    "Float": ("float", ""),
    "Boolean": ("bool", ""),
    "DateTime": ("AwareDatetime", "pydantic"),
    "Date": ("date", "datetime"),
    "JSON": ("JsonValue", "pydantic"),
    "MinorUnits": ("MinorUnits", "shimin_client.model"),
}
"""Each scalar's Python type and the module it comes from."""
OUTPUT, INPUT = "output", "input"


def write(schema: GraphQLSchema, operations: Sequence[Operation]) -> dict[str, str]:
    """Return the text of every module by its path within the package, not yet formatted."""
    wanted = {name for one in operations for name in one.inputs}
    inputs, enums = inputs_within(schema, wanted)
    enums |= {name for one in operations for name in one.enums}
    modules = [one.module for one in operations]
    listed = "".join(f"    {json.dumps(module)},\n" for module in modules)
    imported = "".join(f"    {module},\n" for module in modules)
    return {
        "enums.py": _enums(schema, sorted(enums)),
        "inputs.py": _inputs(schema, inputs),
        "operations/__init__.py": (
            f'"""The operations that the platform trusts from this client, one module each.\n\n{WRITTEN}\n"""\n\n'
            f"from shimin_client.operations import (\n{imported})\n\n__all__ = [\n{listed}]\n"
        ),
        **{f"operations/{one.module}.py": _operation(one) for one in operations},
    }


def _enums(schema: GraphQLSchema, names: Sequence[str]) -> str:
    lines = [f'"""The enums that operations take or answer.\n\n{WRITTEN}\n"""\n\nfrom enum import StrEnum\n']
    for name in names:
        lines.append(f"\n\nclass {name}(StrEnum):\n    {_docstring(describe(schema, name))}\n\n")
        for value, doc in enum_values(schema, name).items():
            lines.append(f'    {_safe(value)} = "{value}"\n' + (f"    {_docstring(doc)}\n" if doc else ""))
    return "".join(lines)


def _inputs(schema: GraphQLSchema, names: Sequence[str]) -> str:
    body = [
        f"class {name}(Model):\n    {_docstring(describe(schema, name))}\n\n"
        + "".join(_attribute(member, INPUT) for member in input_members(schema, name))
        for name in names
    ]
    members = [member for name in names for member in input_members(schema, name)]
    imports = _imports([member.type for member in members], {"shimin_client.model": {"Model"}}, own=set(names))
    field = "from pydantic import Field\n" if any("Field(" in text for text in body) else ""
    return f'"""The input objects that operations take.\n\n{WRITTEN}\n"""\n\n{field}{imports}\n\n' + "\n\n".join(body)


def _operation(one: Operation) -> str:
    modules: dict[str, set[str]] = {"shimin_client.model": {"Model"}, "shimin_client.operation": {"Operation"}}
    if one.choices:
        modules["shimin_client.model"] |= {"Unknown", "by_typename"}
        modules["typing"] = {"Annotated", "TypeAlias"}
        modules["pydantic"] = {"Tag"}
    if any(shape.typenames for shape in one.shapes.values()):
        modules.setdefault("typing", set()).add("Literal")
    parts = [_shape(shape) for shape in one.shapes.values()]
    variables = "".join(_attribute(member, INPUT) for member in one.variables) or "    # it takes none\n"
    parts.append(f'class Variables(Model):\n    """What ``{one.name}`` takes."""\n\n{variables}')
    # a choice stands before the first shape that has it as a member
    for choice in one.choices.values():
        first = next(index for index, text in enumerate(parts) if re.search(rf": .*\b{choice.name}\b", text))
        parts.insert(first, _choice(choice))
    everything = [m.type for shape in one.shapes.values() for m in shape.members] + [m.type for m in one.variables]
    text = "".join(parts)
    if "Field(" in text:
        modules.setdefault("pydantic", set()).add("Field")
    if ", OPEN]" in text:
        modules["shimin_client.model"].add("OPEN")
        modules.setdefault("typing", set()).add("Annotated")
    head = f'"""The {one.kind} ``{one.name}``.\n\n{WRITTEN}\n"""\n\n{_imports(everything, modules, own=set())}\n\n'
    tail = (
        f"OPERATION = Operation(\n    name={json.dumps(one.name)},\n    kind={json.dumps(one.kind)},\n"
        f"    document_id={json.dumps(one.document_id)},\n    variables=Variables,\n    data=Data,\n)\n"
    )
    return head + "\n\n".join([*parts, tail])


def _shape(shape: Shape) -> str:
    lines = [f"class {shape.name}(Model):\n    {_docstring(shape.doc)}\n\n"]
    if shape.typenames:
        names = ", ".join(json.dumps(name) for name in shape.typenames)
        lines.append(f'    typename: Literal[{names}] = Field(alias="__typename")\n')
    lines += [_attribute(member, OUTPUT) for member in shape.members]
    return "".join(lines)


def _choice(choice: Choice) -> str:
    tagged = [f'Annotated[{name}, Tag("{name}")]' for name in (*choice.shapes, "Unknown")]
    return (
        f"{choice.name}: TypeAlias = Annotated[\n    {' | '.join(tagged)},\n"
        f"    by_typename({', '.join(choice.shapes)}),\n]\n{_docstring(choice.doc)}\n"
    )


def _attribute(member: Member, way: str) -> str:
    name = _safe(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", member.name).lower())
    annotation = _annotation(member.type, way)
    told = [f'alias="{member.name}"'] if _camel(name) != member.name else []
    default = member.default
    if member.optional and (default is Undefined or default is None):
        annotation += "" if annotation.endswith("| None") else " | None"
        value = f"Field(None, {told[0]})" if told else "None"
    elif member.optional:
        value = _default(member.type, default, told)
    else:
        value = f"Field({told[0]})" if told else ""
    doc = f"    {_docstring(member.doc)}\n" if member.doc else ""
    return f"    {name}: {annotation}{f' = {value}' if value else ''}\n{doc}"


def _default(kind: Type, default: Any, told: Sequence[str]) -> str:
    """Return a default as Python; what can be changed in place is made anew for each model."""
    if isinstance(default, (list, dict)):
        made = f"{kind.name}.model_validate({default!r})" if kind.sort == "input" else repr(default)
        factory = f"lambda: {made}" if default or kind.sort == "input" else type(default).__name__
        return f"Field({', '.join([f'default_factory={factory}', *told])})"
    written = f"{kind.name}.{_safe(default)}" if kind.sort == "enum" else repr(default)
    return f"Field({', '.join([written, *told])})" if told else written


def _annotation(kind: Type, way: str) -> str:
    if kind.item:
        written = f"list[{_annotation(kind.item, way)}]"
    elif kind.sort == "scalar":
        written = SCALARS[kind.name][0]
    elif kind.sort == "enum" and way == OUTPUT:
        written = f"Annotated[{kind.name} | str, OPEN]"  # a value that a later schema adds is still read
    else:
        written = kind.name
    return f"{written} | None" if kind.nullable else written


def _imports(types: Sequence[Type], modules: Mapping[str, set[str]], *, own: set[str]) -> str:
    found = {module: set(names) for module, names in modules.items()}
    for kind in _named(types):
        if kind.sort == "scalar":
            name, module = SCALARS[kind.name]
        else:
            name, module = (
                kind.name,
                {"enum": "shimin_client.enums", "input": "shimin_client.inputs"}.get(kind.sort, ""),
            )
        if module and name not in own:
            found.setdefault(module, set()).add(name)
    return "".join(f"from {module} import {', '.join(sorted(names))}\n" for module, names in sorted(found.items()))


def _named(types: Sequence[Type]) -> Iterator[Type]:
    for kind in types:
        yield from _named([kind.item]) if kind.item else (kind,)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _safe(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def _docstring(text: str) -> str:
    """Return a docstring on as few lines as the house allows."""
    text = text.replace("\\", "\\\\").replace('"""', "'''")
    ended = text if text.endswith((".", "!", "?")) else f"{text}."
    return f'"""{ended}"""'
