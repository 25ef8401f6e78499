"""Writes the TypeScript client's modules: one for each operation, with types and constants alone."""

import json
from collections.abc import Iterator, Mapping, Sequence

from graphql import GraphQLSchema

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

WRITTEN = "// Written by `make clients` from the operation and the schema: change it there.\n"
BUILT_IN: Mapping[str, str] = {
    "ID": "string",
    "String": "string",
    "Int": "number",
    "Float": "number",
    "Boolean": "boolean",
}
CUSTOM = frozenset({"DateTime", "Date", "JSON", "MinorUnits"})
"""Scalars that src/scalars.ts describes."""
WIDTH = 120


def write(schema: GraphQLSchema, operations: Sequence[Operation]) -> dict[str, str]:
    """Return the text of every module by its path under ``src/``."""
    inputs, enums = inputs_within(schema, {name for one in operations for name in one.inputs})
    enums |= {name for one in operations for name in one.enums}
    exported = "".join(f'export * as {_camel(one.module)} from "./{one.module}.js";\n' for one in operations)
    return {
        "enums.ts": WRITTEN + "".join(_enum(schema, name) for name in sorted(enums)),
        "inputs.ts": _inputs(schema, inputs),
        "operations/index.ts": WRITTEN + exported,
        **{f"operations/{one.module}.ts": _operation(one) for one in operations},
    }


def _enum(schema: GraphQLSchema, name: str) -> str:
    values = [f"\n  | {json.dumps(value)}" for value in enum_values(schema, name)]
    return f"\n{_doc(describe(schema, name))}export type {name} ={''.join(values)};\n"


def _inputs(schema: GraphQLSchema, names: Sequence[str]) -> str:
    body = []
    for name in names:
        members = "".join(_member(member) for member in input_members(schema, name))
        body.append(f"\n{_doc(describe(schema, name))}export interface {name} {{\n{members}}}\n")
    types = [member.type for name in names for member in input_members(schema, name)]
    return WRITTEN + _imports(types, "./", own=set(names)) + "".join(body)


def _operation(one: Operation) -> str:
    types = [m.type for shape in one.shapes.values() for m in shape.members] + [m.type for m in one.variables]
    parts = [_choice(choice) for choice in one.choices.values()]
    parts += [_shape(shape) for shape in one.shapes.values()]
    variables = "".join(_member(member) for member in one.variables)
    doc = _doc(f"What `{one.name}` takes.")
    if one.variables:
        parts.append(f"{doc}export interface Variables {{\n{variables}}}\n")
    else:
        parts.append(f"{doc}export type Variables = Record<string, never>;\n")
    parts.append(
        f"export const operation: Operation<Variables, Data> = {{\n  name: {json.dumps(one.name)},\n"
        f"  kind: {json.dumps(one.kind)},\n  documentId: {json.dumps(one.document_id)},\n}};\n"
    )
    imports = 'import type { Operation } from "../operation.js";\n' + _imports(types, "../", own=set())
    return f"{WRITTEN}{imports}\n" + "\n".join(parts)


def _shape(shape: Shape) -> str:
    lines = []
    if shape.typenames:
        names = [json.dumps(name) for name in shape.typenames]
        line = f"  readonly __typename: {' | '.join(names)};\n"
        lines.append(
            line if len(line) <= WIDTH else f"  readonly __typename:\n    | {f'{chr(10)}    | '.join(names)};\n"
        )
    lines += [_member(member, "readonly ") for member in shape.members]
    return f"{_doc(shape.doc)}export interface {shape.name} {{\n{''.join(lines)}}}\n"


def _choice(choice: Choice) -> str:
    doc = _doc(f"{choice.doc} A later schema may add to these: keep a default branch.")
    return f"{doc}export type {choice.name} = {' | '.join(choice.shapes)};\n"


def _member(member: Member, before: str = "") -> str:
    doc = "".join(f"  {line}\n" for line in _doc(member.doc).splitlines())
    return f"{doc}  {before}{member.name}{'?' if member.optional else ''}: {_annotation(member.type, before)};\n"


def _annotation(kind: Type, before: str) -> str:
    if kind.item:
        inner = _annotation(kind.item, before)
        written = f"{before}{f'({inner})' if ' | ' in inner else inner}[]"
    else:
        written = BUILT_IN.get(kind.name, kind.name)
    return f"{written} | null" if kind.nullable else written


def _imports(types: Sequence[Type], root: str, *, own: set[str]) -> str:
    found: dict[str, set[str]] = {}
    for kind in _named(types):
        if kind.sort == "scalar" and kind.name in BUILT_IN:
            continue
        module = {"scalar": "scalars", "enum": "enums", "input": "inputs"}.get(kind.sort)
        if module and kind.name not in own:
            found.setdefault(module, set()).add(kind.name)
    return "".join(
        f'import type {{ {", ".join(sorted(names))} }} from "{root}{module}.js";\n'
        for module, names in sorted(found.items())
    )


def _named(types: Sequence[Type]) -> Iterator[Type]:
    for kind in types:
        yield from _named([kind.item]) if kind.item else (kind,)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _doc(text: str) -> str:
    if not text:
        return ""
    text = text.replace("*/", "* /").replace("``", "`")
    words, _, deprecation = text.partition("Deprecated. ")
    if deprecation:
        return f"/**\n * {words.strip()}\n *\n * @deprecated {deprecation}\n */\n"
    return f"/** {text} */\n"
