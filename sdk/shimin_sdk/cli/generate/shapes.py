"""What an operation takes and answers, read from its document and the schema; the same for every language.

The SDK writes the types of a mini-app's documents from it, and the project its own typed clients.

The schema is one built from the committed schema language, in which default values stand as they are written.
"""

# pyright: basic, reportMissingImports=false
# basic: the types of graphql-core are partly unknown to it

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    InputValueDefinitionNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableDefinitionNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
    parse,
    type_from_ast,
    validate,
    value_from_ast_untyped,
)

Sort = Literal["scalar", "enum", "input", "shape", "choice", "list"]


class UnclearOperationError(Exception):
    """An operation from which no client can be written; the text says what to change in its document."""


@dataclass(frozen=True, slots=True)
class Type:
    """A named type, or a list of another; and whether null may stand in its place."""

    sort: Sort
    name: str
    nullable: bool = False
    item: Type | None = None
    """What a list holds; then ``name`` is empty."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an answer, or one variable or input field."""

    name: str
    type: Type
    doc: str = ""
    optional: bool = False
    """It may be absent: skipped by a directive, or an input with a default."""
    default: Any = Undefined
    """What the server takes where it is absent, as a JSON value."""


@dataclass(frozen=True, slots=True)
class Shape:
    """An object in an answer: what was selected of one type, or of several types alike."""

    name: str
    typenames: tuple[str, ...]
    """What ``__typename`` can be; empty where it was not selected."""
    members: tuple[Member, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several shapes, told apart by ``__typename``."""

    name: str
    shapes: tuple[str, ...]
    doc: str


@dataclass(slots=True)
class Operation:
    """One document as a client uses it."""

    module: str
    name: str
    kind: str
    document_id: str
    variables: tuple[Member, ...]
    shapes: dict[str, Shape] = field(default_factory=dict)
    """By name, each after what it refers to; the last one is the whole answer."""
    choices: dict[str, Choice] = field(default_factory=dict)
    enums: set[str] = field(default_factory=set)
    inputs: set[str] = field(default_factory=set)


ROOT_SHAPE = "Data"
"""The name of the whole answer in every operation."""
RESERVED = frozenset({ROOT_SHAPE, "Variables", "Operation", "Unknown"})


def read_operation(schema: GraphQLSchema, module: str, text: str) -> Operation:
    """Return what a client needs of one document with one operation.

    Args:
        module: the name of the document's file, without its ending.

    Raises:
        UnclearOperationError: the document does not fit the schema, or leaves open what an answer is.
    """
    ast = parse(text)
    errors = validate(schema, ast)
    operations = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    if errors or len(operations) != 1 or operations[0].name is None:
        raise UnclearOperationError(
            f"{module}: {errors[0].message if errors else 'it must hold one operation with a name'}"
        )
    (node,) = operations
    found = Operation(
        module,
        node.name.value if node.name else "",
        node.operation.value,
        f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
        tuple(_variables(schema, node)),
    )
    _Reader(schema, ast, found).read(node)
    for member in found.variables:
        _note(member.type, found)
    return found


def input_members(schema: GraphQLSchema, name: str) -> tuple[Member, ...]:
    """Return the fields of an input object type."""
    kind = schema.get_type(name)
    if not isinstance(kind, GraphQLInputObjectType):
        raise TypeError(name)
    return tuple(
        _input(key, told.type, told.ast_node, _doc(told.description, told.deprecation_reason))
        for key, told in kind.fields.items()
    )


def inputs_within(schema: GraphQLSchema, names: set[str]) -> tuple[list[str], set[str]]:
    """Return the input types that these need, each after those it refers to, and the enums in them."""
    ordered: dict[str, None] = {}
    enums: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        for member in input_members(schema, name):
            kind = _innermost(member.type)
            if kind.sort == "enum":
                enums.add(kind.name)
            elif kind.sort == "input" and kind.name not in above:
                visit(kind.name, (*above, kind.name))
        ordered.setdefault(name)

    for name in sorted(names):
        visit(name, (name,))
    return list(ordered), enums


def describe(schema: GraphQLSchema, name: str) -> str:
    """Return the first sentence of a type's description, or a plain one where it has none."""
    kind = schema.get_type(name)
    return _doc(kind.description if kind else None, None) or f"``{name}`` of the schema."


def enum_values(schema: GraphQLSchema, name: str) -> Mapping[str, str]:
    """Return the values of an enum, each with what it means."""
    kind = schema.get_type(name)
    if not isinstance(kind, GraphQLEnumType):
        raise TypeError(name)
    return {key: _doc(value.description, value.deprecation_reason) for key, value in kind.values.items()}


@dataclass(slots=True)
class _Selected:
    """A field as it is selected in all the places that select it on one object type."""

    node: FieldNode
    sets: list[SelectionSetNode] = field(default_factory=list)
    always: bool = False


class _Reader:
    """Names the shapes of one operation's answer."""

    def __init__(self, schema: GraphQLSchema, ast: DocumentNode, found: Operation) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._found = found

    def read(self, node: OperationDefinitionNode) -> None:
        """Fill in the operation's shapes and choices."""
        root = self._schema.get_root_type(node.operation)
        if root is None:
            raise UnclearOperationError(f"{self._found.module}: the schema has no {node.operation.value}")
        members, _ = self._members(root, [node.selection_set])
        doc = f"What ``{self._found.name}`` answers."
        self._found.shapes[ROOT_SHAPE] = Shape(ROOT_SHAPE, (), members, doc)

    def _members(self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> tuple[tuple[Member, ...], bool]:
        """Return what is selected of an object type, and whether ``__typename`` always is."""
        selected: dict[str, _Selected] = {}
        for one in sets:
            self._collect(kind, one, selected, always=True)
        typename = selected.pop("__typename", None)
        members = []
        for key, told in selected.items():
            if told.node.name.value == "__typename":
                raise UnclearOperationError(
                    f"{self._found.module}: select __typename under its own name, not as “{key}”"
                )
            definition = kind.fields[told.node.name.value]
            type_ = self._type(definition.type, told.sets, key)
            doc = _doc(definition.description, definition.deprecation_reason)
            members.append(Member(key, type_, doc, optional=not told.always))
        return tuple(members), bool(typename and typename.always)

    def _collect(
        self, kind: GraphQLObjectType, chosen: SelectionSetNode, into: dict[str, _Selected], *, always: bool
    ) -> None:
        """Gather the fields that apply to an object type, through all fragments (specification, section 6.3.2)."""
        for node in chosen.selections:
            still = always and not any(item.name.value in {"skip", "include"} for item in node.directives or ())
            if isinstance(node, FieldNode):
                told = into.setdefault((node.alias or node.name).value, _Selected(node))
                told.always |= still
                if node.selection_set:
                    told.sets.append(node.selection_set)
                continue
            found = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            inner = cast("FragmentDefinitionNode | InlineFragmentNode", found)
            condition = inner.type_condition
            if condition is None or self._applies(condition.name.value, kind):
                self._collect(kind, inner.selection_set, into, always=still)

    def _applies(self, condition: str, kind: GraphQLObjectType) -> bool:
        wanted = self._schema.get_type(condition)
        if isinstance(wanted, (GraphQLInterfaceType, GraphQLUnionType)):
            return self._schema.is_sub_type(wanted, kind)
        return wanted is kind

    def _type(self, kind: GraphQLOutputType, sets: Sequence[SelectionSetNode], key: str) -> Type:
        if is_non_null_type(kind):
            inner = self._type(kind.of_type, sets, key)
            return Type(inner.sort, inner.name, nullable=False, item=inner.item)
        if is_list_type(kind):
            return Type("list", "", nullable=True, item=self._type(kind.of_type, sets, key))
        named = get_named_type(kind)
        if isinstance(named, GraphQLScalarType):
            return Type("scalar", named.name, nullable=True)
        if isinstance(named, GraphQLEnumType):
            self._found.enums.add(named.name)
            return Type("enum", named.name, nullable=True)
        return self._object(named, sets, key)

    def _object(self, named: GraphQLNamedType, sets: Sequence[SelectionSetNode], key: str) -> Type:
        """Name what is selected of a type: one shape where every concrete type looks alike, else a choice of them."""
        if isinstance(named, GraphQLObjectType):
            possible: Sequence[GraphQLObjectType] = (named,)
        else:
            possible = self._schema.get_possible_types(cast("GraphQLInterfaceType | GraphQLUnionType", named))
        alike: dict[tuple[tuple[Member, ...], bool], list[GraphQLObjectType]] = {}
        for concrete in possible:
            alike.setdefault(self._members(concrete, sets), []).append(concrete)
        if len(alike) == 1:
            ((members, told), kinds), *_ = alike.items()
            return Type("shape", self._shape(named.name, kinds, members, key, told=told), nullable=True)
        if not all(told for _, told in alike):
            raise UnclearOperationError(
                f"{self._found.module}: select __typename in “{key}”, which is one of several types"
            )
        shapes = [
            self._shape(self._common_name(kinds), kinds, members, key, told=True)
            for (members, _), kinds in alike.items()
        ]
        name = self._free(named.name, key)
        doc = _doc(named.description, None) or f"What ``{key}`` can be, told apart by ``__typename``."
        self._found.choices[name] = Choice(name, tuple(shapes), doc)
        return Type("choice", name, nullable=True)

    def _shape(
        self, wanted: str, kinds: Sequence[GraphQLObjectType], members: tuple[Member, ...], key: str, *, told: bool
    ) -> str:
        """Return the name of a shape, the same one where the same was selected before."""
        typenames = tuple(kind.name for kind in kinds) if told else ()
        for known in self._found.shapes.values():
            if (known.typenames, known.members) == (typenames, members) and known.name.endswith(wanted):
                return known.name
        name = self._free(wanted, key)
        self._found.shapes[name] = Shape(name, typenames, members, describe(self._schema, wanted))
        return name

    def _common_name(self, kinds: Sequence[GraphQLObjectType]) -> str:
        """Return what several types that were selected alike are called together: an interface they share."""
        if len(kinds) == 1:
            return kinds[0].name
        shared = [one.name for one in kinds[0].interfaces if all(one in kind.interfaces for kind in kinds)]
        return shared[0] if shared else "Or".join(kind.name for kind in kinds[:3])

    def _free(self, wanted: str, key: str) -> str:
        taken = RESERVED | self._found.shapes.keys() | self._found.choices.keys()
        longer = f"{key[0].upper()}{key[1:]}{wanted}"
        numbered = (f"{longer}{number}" for number in range(2, 1000))
        return next(name for name in (wanted, longer, *numbered) if name not in taken)


def _variables(schema: GraphQLSchema, node: OperationDefinitionNode) -> Iterator[Member]:
    for told in node.variable_definitions or ():
        kind: Any = type_from_ast(schema, told.type)
        yield _input(told.variable.name.value, kind, told)


def _input(
    name: str, kind: GraphQLInputType, node: InputValueDefinitionNode | VariableDefinitionNode | None, doc: str = ""
) -> Member:
    literal = node.default_value if node else None
    default = value_from_ast_untyped(literal) if literal else Undefined
    told = _input_type(kind)
    return Member(name, told, doc, optional=told.nullable or literal is not None, default=default)


def _input_type(kind: GraphQLInputType) -> Type:
    if is_non_null_type(kind):
        inner = _input_type(kind.of_type)
        return Type(inner.sort, inner.name, nullable=False, item=inner.item)
    if is_list_type(kind):
        return Type("list", "", nullable=True, item=_input_type(kind.of_type))
    named = get_named_type(kind)
    sort: Sort = "scalar"
    if isinstance(named, GraphQLEnumType):
        sort = "enum"
    elif isinstance(named, GraphQLInputObjectType):
        sort = "input"
    return Type(sort, named.name, nullable=True)


def _innermost(kind: Type) -> Type:
    return _innermost(kind.item) if kind.item else kind


def _note(kind: Type, found: Operation) -> None:
    inner = _innermost(kind)
    if inner.sort == "enum":
        found.enums.add(inner.name)
    elif inner.sort == "input":
        found.inputs.add(inner.name)


def _doc(description: str | None, deprecation: str | None) -> str:
    words = " ".join((description or "").split())
    return f"{words} Deprecated. {deprecation}".strip() if deprecation else words
