"""Writes documents: valid operations over a schema, from a seed, with values that callers really send, and wrong ones.

Everything is found by walking the schema, so that a field is asked for as soon as it is written. A response key means
the same field with the same arguments wherever it stands in a document: so all that is written can be merged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)

FIELDS_MAX = 36
"""Fields written into one document, about."""
DEPTH_MAX = 7
LONG = "anAliasOfMoreThanSixtyThreeBytes" * 3
KEYS = ("a", "aa", "a1", "_", "id", "data", "errors")
COUNTS = (1, 1, 2, 3, 5, 10, 20, 50, 100)
COUNTS_REFUSED = (0, -1, 101, 2**31 - 1, -(2**31))
STRINGS = ("", "x", "社保", 'quotes " \\ \n', "\u0000", "👩‍👩‍👧‍👦", "$1 ?1", "z" * 5000, "行政许可 农业")
WRONG: Mapping[str, Sequence[Any]] = {
    "Int": ("3", 2.5, 2**31, [1], {}, True),
    "String": (3, True, ["x"], {}),
    "ID": (2.5, True, ["x"], {}),
    "Boolean": ("true", 1, 0, []),
}
MISSING = object()


@dataclass(frozen=True, slots=True)
class Asked:
    """One generated operation, with values for its variables."""

    seed: str
    """Repeats it."""
    text: str
    variables: Sequence[Mapping[str, Any]]
    """Several sets of values, each for another request."""
    fields: frozenset[str]
    """What it asks for, as ``Type.field``."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a caller knows before it asks: weights of root fields, and values that exist."""

    weights: Mapping[str, float] = field(default_factory=dict)
    """How often a root field is asked for; 1 where nothing is said."""
    values: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Values for arguments, by ``Type.field.argument``, such as ids and cursors."""
    apart: Sequence[frozenset[str]] = ()
    """Root fields of which one document asks one at most: asking one changes what the other says."""


def write(schema: GraphQLSchema, seed: str, known: Known, *, requests: int = 2) -> Asked:
    """Return the query that this seed stands for, with values for that many requests."""
    return _Writer(schema, seed, known).query(requests)


class _Writer:
    def __init__(self, schema: GraphQLSchema, seed: str, known: Known) -> None:
        self._schema = schema
        self._seed = seed
        self._random = Random(seed)  # noqa: S311 - not for secrets
        self._known = known
        self._keys: dict[str, str] = {}
        """What each response key stands for."""
        self._declared: dict[str, tuple[str, list[Any]]] = {}
        """Each variable's declaration, and the values that may be sent for it."""
        self._fragments: dict[str, tuple[GraphQLNamedType, str]] = {}
        self._left = FIELDS_MAX
        self._fields: set[str] = set()
        self._flawed = self._chance(0.2)
        """Whether this document's values may be wrong: else most documents would be errors."""

    def query(self, requests: int) -> Asked:
        query = self._schema.query_type
        assert query is not None
        body = self._root(query)
        declared = ", ".join(text for text, _ in self._declared.values())
        fragments = [f"fragment {name} on {kind.name} {text}" for name, (kind, text) in self._fragments.items()]
        heads = ["query"] if declared else ["query", "", "query Q"]
        operation = f"{self._pick(*heads)}{f' ({declared})' if declared else ''} {body}"
        parts = [operation, *fragments]
        self._random.shuffle(parts)
        return Asked(self._seed, "\n".join(parts), [self._values() for _ in range(requests)], frozenset(self._fields))

    def _values(self) -> Mapping[str, Any]:
        chosen = {name: self._pick(*values) for name, (_, values) in self._declared.items()}
        found = {name: value for name, value in chosen.items() if value is not MISSING}
        return found | ({"unknown": 1} if self._chance(0.05) else {})

    # ---- selections ------------------------------------------------------------------------------------------------

    def _root(self, query: GraphQLObjectType) -> str:
        names = list(query.fields)
        weights = [self._known.weights.get(name, 1.0) for name in names]
        taken: list[str] = []
        for name in self._random.choices(names, weights, k=self._pick(1, 1, 2, 2, 3, 4)):
            if not any(name in group and group & set(taken) - {name} for group in self._known.apart):
                taken.append(name)
        self._left = max(FIELDS_MAX // len(taken), 12)
        written = []
        for name in taken:
            self._left = max(FIELDS_MAX // len(taken), 12)
            written.append(self._included(self._field(query, name, 1)))
        if self._chance(0.1):
            written.insert(0, self._typename())
        if self._chance(0.15):
            name = f"Root{len(self._fragments)}"
            self._fragments[name] = (query, "{ " + written.pop() + " }")
            written.append(self._included(f"...{name}"))
        return "{ " + " ".join(written) + " }"

    def _selection(self, kind: GraphQLNamedType, depth: int) -> str:
        """Return a selection set of an object, interface or union."""
        written: list[str] = []
        for _ in range(self._pick(1, 2, 3, 4, 6)):
            draw = self._random.random()
            if draw < 0.07:
                written.append(self._typename())
            elif draw < 0.17 and depth < DEPTH_MAX:
                written.append(self._included(self._inline(kind, depth)))
            elif draw < 0.27 and depth < DEPTH_MAX:
                written.append(self._included(self._spread(kind, depth)))
            elif (name := self._name(kind, depth)) is not None:
                written.append(self._included(self._field(kind, name, depth)))
        if is_abstract_type(kind) and self._chance(0.8):
            written.append(self._inline(kind, depth))
        return "{ " + " ".join(written or [self._typename()]) + " }"

    def _name(self, kind: GraphQLNamedType, depth: int) -> str | None:
        """Choose a field; near the bottom, or when enough is written, one without a selection."""
        fields = getattr(kind, "fields", {})
        deep = depth < DEPTH_MAX and self._left > 0
        names = [name for name, item in fields.items() if deep or is_leaf_type(get_named_type(item.type))]
        if deep and depth < 4 and self._chance(0.5):
            names = [name for name in names if is_composite_type(get_named_type(fields[name].type))] or names
        return self._pick(*names) if names else None

    def _field(self, kind: Any, name: str, depth: int) -> str:
        item: GraphQLField = kind.fields[name]
        self._left -= 1
        self._fields.add(f"{kind.name}.{name}")
        call = name + self._arguments(kind, name, item)
        key = self._key(name, f"{call}: {item.type}")
        text = call if key == name else f"{key}: {call}"
        named = get_named_type(item.type)
        return f"{text} {self._selection(named, depth + 1)}" if is_composite_type(named) else text

    def _key(self, name: str, meaning: str) -> str:
        """Choose a response key that stands for nothing else in this document."""
        wanted = (
            name
            if self._chance(0.7)
            else self._pick(*KEYS, name[:3])
            if self._chance(0.9)
            else self._pick(LONG, f"{LONG}b")
        )
        while self._keys.setdefault(wanted, meaning) != meaning:
            wanted += self._pick("a", "1", "_")
        return str(wanted)

    def _typename(self) -> str:
        key = self._key("__typename", "__typename: String!")
        return "__typename" if key == "__typename" else f"{key}: __typename"

    def _inline(self, kind: GraphQLNamedType, depth: int) -> str:
        wanted = self._fitting(kind)
        condition = "" if wanted is kind and self._chance(0.3) else f" on {wanted.name}"
        return f"...{condition} {self._selection(wanted, depth + 1)}"

    def _spread(self, kind: GraphQLNamedType, depth: int) -> str:
        wanted = self._fitting(kind)
        names = [
            name for name, (on, _) in self._fragments.items() if on is wanted and on is not self._schema.query_type
        ]
        if names and self._chance(0.5):
            return f"...{self._pick(*names)}"
        text = self._selection(wanted, depth + 1)
        name = f"F{len(self._fragments)}"
        self._fragments[name] = (wanted, text)
        return f"...{name}"

    def _fitting(self, kind: GraphQLNamedType) -> GraphQLNamedType:
        """Return a type that an object of this type may be."""
        fitting: list[GraphQLNamedType] = [kind]
        if is_abstract_type(kind):
            fitting += [*self._schema.get_possible_types(kind)] * 2
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            fitting += kind.interfaces
        return self._pick(*fitting)  # type: ignore[no-any-return]

    def _included(self, text: str) -> str:
        """Put a directive behind the head of a field, spread or inline fragment, now and then."""
        if not self._chance(0.12):
            return text
        head, brace, rest = self._split(text)
        directives = [f" @{self._pick('skip', 'include')}(if: {self._flag()})"]
        if self._chance(0.2):
            other = "include" if "skip" in directives[0] else "skip"
            directives.append(f" @{other}(if: {self._flag()})")
        return f"{head.rstrip()}{''.join(directives)} {brace}{rest}".rstrip()

    @staticmethod
    def _split(text: str) -> tuple[str, str, str]:
        """Split a selection before its own selection set, past the braces in its arguments."""
        depth, quoted = 0, False
        for place, sign in enumerate(text):
            if sign == '"' and text[place - 1] != "\\":
                quoted = not quoted
            elif not quoted:
                depth += (sign == "(") - (sign == ")")
                if sign == "{" and not depth:
                    return text[:place], "{", text[place + 1 :]
        return text, "", ""

    def _flag(self) -> str:
        if self._chance(0.4):
            return str(self._pick("true", "false"))
        known = [name for name, (text, _) in self._declared.items() if ": Boolean" in text]
        if known and self._chance(0.6):
            return f"${self._pick(*known)}"
        kind = self._pick("Boolean!", "Boolean! = true", "Boolean = false", "Boolean! = false")
        return self._variable(kind, [True, False], "Boolean")

    # ---- arguments and variables -----------------------------------------------------------------------------------

    def _arguments(self, kind: GraphQLNamedType, name: str, item: GraphQLField) -> str:
        wanted = self._paged(item) if {"first", "last"} <= set(item.args) else None
        written = []
        for argument, declared in item.args.items():
            required = is_required_argument(declared)
            if required or (argument in wanted if wanted is not None else self._chance(0.5)):
                values = self._candidates(f"{kind.name}.{name}.{argument}", argument, declared)
                written.append(f"{argument}: {self._given(declared, values)}")
        return f"({', '.join(written)})" if written else ""

    def _paged(self, item: GraphQLField) -> set[str]:
        """Choose which arguments of a connection are given: a slice from one end, and what is no slice."""
        draw = self._random.random()
        if draw < 0.15:
            return set()
        if draw > 0.97:
            return {name for name in item.args if self._chance(0.7)}
        names = {"first"} if draw < 0.6 else {"last"}
        if self._chance(0.4):
            names.add("after" if draw < 0.6 else "before")
        if self._chance(0.1):
            names |= {"after", "before"}
        return names

    def _candidates(self, place: str, name: str, declared: GraphQLArgument) -> list[Any]:
        if known := self._known.values.get(place):
            values = self._random.sample(list(known), min(3, len(known)))
            return values + ([self._pick(*STRINGS)] if self._flawed and self._chance(0.3) else [])
        return [self._value(declared.type, name) for _ in range(3)]

    def _value(self, kind: Any, name: str) -> Any:
        inner = get_nullable_type(kind)
        if isinstance(inner, GraphQLList):
            return [self._value(inner.of_type, name) for _ in range(self._pick(0, 1, 1, 2))]
        if isinstance(inner, GraphQLInputObjectType):
            return {
                key: self._value(part.type, key)
                for key, part in inner.fields.items()
                if is_required_input_field(part) or self._chance(0.3)
            }
        if isinstance(inner, GraphQLEnumType):
            return _Name(self._pick(*inner.values))
        return self._scalar(inner.name)

    def _scalar(self, name: str) -> Any:
        match name:
            case "Int":
                counts = COUNTS_REFUSED if self._flawed and self._chance(0.2) else COUNTS
                return self._pick(*counts)
            case "Boolean":
                return self._chance(0.5)
            case "Float":
                return self._pick(0, 1.5, -2, 1e300)
            case _:
                return self._pick(*STRINGS)

    def _given(self, declared: GraphQLArgument, values: list[Any]) -> str:
        """Write a value: literally, or as a variable with values of its kind, and now and then of no kind."""
        if self._chance(0.35):
            nullable = not is_non_null_type(declared.type)
            return "null" if nullable and self._chance(0.1) else _literal(values[0])
        bare = str(get_nullable_type(declared.type))
        kinds = [f"{bare}!", f"{bare}! = {_literal(values[0])}", f"{bare} = {_literal(values[0])}"]
        if not is_non_null_type(declared.type) or not is_required_argument(declared):
            kinds.append(bare)
        kind = self._pick(*kinds)
        if is_non_null_type(declared.type) and is_required_argument(declared) and kind == bare:
            kind = f"{bare}!"
        return self._variable(kind, values, get_named_type(declared.type).name)

    def _variable(self, kind: str, values: Sequence[Any], named: str) -> str:
        """Declare a variable; what is sent for it fits, but now and then is missing, null or wrong."""
        has_default, required = "=" in kind, "!" in kind.split(" = ", maxsplit=1)[0][-1]
        sent = [_sent(value) for value in values]
        if has_default or not required:
            sent.append(MISSING)
        if not required and (not has_default or self._flawed):
            sent.append(None)
        if self._flawed and self._chance(0.5):
            sent += [self._pick(*WRONG.get(named, (3, "x", [[]]))), *([MISSING, None] if self._chance(0.3) else [])]
        name = f"v{len(self._declared)}"
        self._declared[name] = (f"${name}: {kind}", sent)
        return f"${name}"

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _pick(self, *choices: Any) -> Any:
        return self._random.choice(choices)


class _Name(str):
    """An enumeration's value, written without quotes."""

    __slots__ = ()


def _sent(value: Any) -> Any:
    return str(value) if isinstance(value, _Name) else value


def _literal(value: Any) -> str:
    """Write a value as GraphQL does."""
    match value:
        case _Name():
            return str(value)
        case dict():
            return "{" + ", ".join(f"{key}: {_literal(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_literal, value)) + "]"
        case _:
            return orjson.dumps(value).decode()
