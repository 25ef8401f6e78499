"""Declaring that a type shows a row and that a field reads rows; what is declared here is compiled.

A type decorated with ``rows(view)`` shows a row of that view: a plain attribute shows the column of its own name,
``value`` and ``part`` show something else of the row, ``link`` the row of another view. ``pages``, ``listed``, ``one``
and ``counted`` declare fields that need no row above them. The resolvers made here are what runs wherever a document
is not compiled; both ways take their conditions from the same view.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, TypeVar

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.types.enum import StrawberryEnumDefinition

from shimin.db import (
    ActorValue,
    LaterThan,
    Row,
    Same,
    Value,
    View,
    Viewpoint,
    count_rows,
    read_many,
    read_page,
)
from shimin.kit.refusal import NotFound
from shimin_graphql.context import Context, Info
from shimin_graphql.engine.mapping import (
    MANY,
    METADATA,
    Argument,
    Counted,
    Each,
    LaterThanNow,
    Leaf,
    Linked,
    Listed,
    Mapped,
    One,
    Pages,
    Part,
    Term,
)
from shimin_graphql.types.base import Access, AccessExtension, Connection, directives

Shown = TypeVar("Shown", bound=type)
Where = Mapping[str, Term]
Reader = Callable[[Row, Viewpoint], Any]
LISTED_MAX = 100


# ---- types that show rows ------------------------------------------------------------------------------------------


def rows(view: View) -> Callable[[Shown], Shown]:
    """Declare that a Strawberry type shows a row of the view; stands above ``@strawberry.type``.

    Raises:
        TypeError: an attribute has no column of its name and declares nothing else.
    """

    def declare(cls: Shown) -> Shown:
        mapped: dict[str, Mapped] = {}
        for field in cls.__strawberry_definition__.fields:  # type: ignore[attr-defined]
            found = field.metadata.get(METADATA)
            if found is None and field.base_resolver is None:
                found = Leaf(Same(field.python_name))
            if found is not None:
                mapped[field.python_name] = found
                _check(cls, view, field.python_name, found)
        for name, found in mapped.items():
            if isinstance(found, Linked) and mapped.get(found.column) != Leaf(Same(found.column)):
                message = f"{cls.__name__}.{name} is found by {found.column}, which must be an attribute beside it"
                raise TypeError(message)
        cls.__row_fields__ = mapped  # type: ignore[attr-defined]
        return cls

    return declare


def _check(cls: type, view: View, name: str, mapped: Mapped) -> None:
    match mapped:
        case Leaf(value):
            needed = list(value.columns())
        case Part(values):
            needed = [column for value in values.values() for column in value.columns()]
        case Each(column) | Linked(_, column):
            needed = [column]
        case _:
            needed = []
    if missing := [column for column in needed if column not in view.columns]:
        message = (
            f"{cls.__name__}.{name} shows {', '.join(missing)}, which {view.name} has not; declare it with value()"
        )
        raise TypeError(message)


def value(shown: Value, *, description: str | None = None) -> Any:
    """Declare an attribute that shows this value of the row."""
    return strawberry.field(description=description, metadata={METADATA: Leaf(shown)})


def part(*, description: str | None = None, **values: Value | str) -> Any:
    """Declare an attribute whose object is made of values of the same row; a text names a column."""
    made = {name: Same(item) if isinstance(item, str) else item for name, item in values.items()}
    return strawberry.field(description=description, metadata={METADATA: Part(made)})


def each(column: str, *, description: str | None = None, **values: Value) -> Any:
    """Declare an attribute that makes an object of each text of a document column."""
    return strawberry.field(description=description, metadata={METADATA: Each(column, values)})


def show(cls: type, row: Row, seen: Viewpoint) -> Any:
    """Return a row as its type shows it to this caller.

    A value that cannot be read stands there as the exception: an error of its field, where that is asked for.
    """
    return _shown(cls, _readers(cls), row, seen)


def _shown(cls: Any, readers: Iterable[tuple[str, Reader]], row: Row, seen: Viewpoint) -> Any:
    values: dict[str, Any] = {}
    for name, read in readers:
        try:
            values[name] = read(row, seen)
        except Exception as error:  # noqa: BLE001 - whoever does not ask for the field does not hear of it
            values[name] = error
    return cls(**values)


@cache
def _readers(cls: Any) -> Sequence[tuple[str, Reader]]:
    found = []
    for field in cls.__strawberry_definition__.fields:
        mapped = cls.__row_fields__.get(field.python_name)
        kind = _inner(field.type)
        match mapped:
            case Leaf(shown):
                found.append((field.python_name, _leaf_reader(shown, kind)))
            case Part(values):
                found.append((field.python_name, _part_reader(values, kind)))
            case Each(column, values):
                found.append((field.python_name, _each_reader(column, values, kind)))
    return tuple(found)


def _inner(kind: Any) -> Any:
    while hasattr(kind, "of_type"):
        kind = kind.of_type
    return kind


def _leaf_reader(shown: Value, kind: Any) -> Reader:
    if not isinstance(kind, StrawberryEnumDefinition):
        return shown.read
    members: Callable[[Any], Enum] = kind.wrapped_cls

    def read(row: Row, seen: Viewpoint) -> Enum | None:
        held = shown.read(row, seen)
        return None if held is None else members(held)

    return read


def _part_reader(values: Mapping[str, Value], kind: Any) -> Reader:
    readers = [(name, item.read) for name, item in values.items()]
    return lambda row, seen: _shown(kind, readers, row, seen)


def _each_reader(column: str, values: Mapping[str, Value], kind: Any) -> Reader:
    one = _part_reader(values, kind)
    return lambda row, seen: [one({"item": item}, seen) for item in row[column]]


# ---- fields that read rows -----------------------------------------------------------------------------------------


def viewpoint(context: Context) -> Viewpoint:
    """Return who looks, and when."""
    return Viewpoint(context.call, context.platform.clock.now())


def conditions(where: Where, arguments: Mapping[str, Any], context: Context) -> dict[str, object]:
    """Return a field's conditions for one call."""
    found: dict[str, object] = {}
    for column, term in where.items():
        match term:
            case Argument(name):
                found[column] = arguments[name]
            case ActorValue():
                found[column] = term.read(context.call)
            case LaterThanNow():
                found[column] = LaterThan(context.platform.clock.now())
            case _:
                found[column] = term
    return found


def pages(node: type, view: View, *, order: str, allow: Access, where: Where | None = None, description: str) -> Any:
    """Declare a connection over the view's rows, read forwards or backwards, at most 100 at a time."""
    mapped = Pages(view, order, where or {})

    async def resolve(
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Any:
        context = info.context
        async with context.platform.db.reader() as reader:
            page = await read_page(
                reader,
                view,
                context.call,
                order=order,
                where=conditions(mapped.where, {}, context),
                first=first,
                after=after,
                last=last,
                before=before,
            )
        seen = viewpoint(context)
        nodes = [show(node, row, seen) for row in page.rows]
        return Connection.of(
            zip(page.cursors, nodes, strict=True), has_next=page.has_next, has_previous=page.has_previous
        )

    return _field(resolve, Connection[node], allow, mapped, description)  # type: ignore[valid-type]


def listed(node: type, view: View, *, order: str, allow: Access, where: Where | None = None, description: str) -> Any:
    """Declare a plain list of the view's rows, at most 100."""
    mapped = Listed(view, order, where or {})

    async def resolve(info: Info, first: int = LISTED_MAX) -> Any:
        context = info.context
        async with context.platform.db.reader() as reader:
            page = await read_page(
                reader, view, context.call, order=order, where=conditions(mapped.where, {}, context), first=first
            )
        seen = viewpoint(context)
        return [show(node, row, seen) for row in page.rows]

    return _field(resolve, list[node], allow, mapped, description)  # type: ignore[valid-type]


def one(
    node: type,
    view: View,
    *,
    argument: str,
    column: str,
    allow: Access,
    description: str,
) -> Any:
    """Declare the row whose column equals the argument, null where there is none that the caller may see."""
    mapped = One(view, {column: Argument(argument)})

    async def resolve(info: Info, **arguments: Any) -> Any:
        row = await find(info.context, view, conditions(mapped.where, arguments, info.context))
        return None if row is None else show(node, row, viewpoint(info.context))

    info_parameter = inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info)
    given = inspect.Parameter(argument, inspect.Parameter.KEYWORD_ONLY, annotation=strawberry.ID)
    resolve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [info_parameter, given], return_annotation=node | None
    )
    resolve.__annotations__ = {"info": Info, argument: strawberry.ID}
    return _field(resolve, node | None, allow, mapped, description)


def counted(view: View, *, allow: Access, where: Where | None = None, description: str) -> Any:
    """Declare the number of the view's rows."""
    mapped = Counted(view, where or {})

    async def resolve(info: Info) -> int:
        context = info.context
        async with context.platform.db.reader() as reader:
            return await count_rows(reader, view, context.call, conditions(mapped.where, {}, context))

    return _field(resolve, int, allow, mapped, description)


def link(node: type, view: View, *, column: str, key: str, description: str | None = None) -> Any:
    """Declare the row of another view that an attribute of this type names; null where there is none.

    Args:
        column: the attribute, and column of its own view, that holds the other row's key.
        key: the other view's column; many are looked up at once.
    """

    async def resolve(self: Any, info: Info) -> Any:
        context = info.context
        name = f"{view.name}.{key}"
        if name not in context.loaders:
            context.loaders[name] = DataLoader(load_fn=_many(context, view, key))
        row = await context.loaders[name].load(getattr(self, column))
        return None if row is None else show(node, row, viewpoint(context))

    async def resolve_many(shown: Sequence[Any], info: Info) -> list[Any]:
        context = info.context
        keys = [getattr(item, column) for item in shown]
        wanted = list(dict.fromkeys(item for item in keys if item is not None))
        if not wanted:
            return [None] * len(keys)
        async with context.platform.db.reader() as reader:
            rows_by_key = await read_many(reader, view, context.call, key, wanted)
        seen = viewpoint(context)
        linked = {item: show(node, found[0], seen) for item, found in rows_by_key.items() if found}
        return [linked.get(item) for item in keys]

    resolve.__annotations__ = {"info": Info, "return": node | None}
    return strawberry.field(
        resolver=resolve, description=description, metadata={METADATA: Linked(view, column, key), MANY: resolve_many}
    )


def _many(context: Context, view: View, key: str) -> Callable[[list[Any]], Any]:
    async def load(keys: list[Any]) -> list[Row | None]:
        wanted = [item for item in keys if item is not None]
        async with context.platform.db.reader() as reader:
            found = await read_many(reader, view, context.call, key, wanted)
        return [next(iter(found.get(item, ())), None) for item in keys]

    return load


async def find(context: Context, view: View, where: Mapping[str, object]) -> Row | None:
    """Return the one row of a view that meets the conditions and that the caller may see."""
    order = next(iter(view.sort), None)
    if order is None:
        message = f"{view.name} is read by its key alone"
        raise TypeError(message)
    async with context.platform.db.reader() as reader:
        page = await read_page(reader, view, context.call, order=order, where=where, first=1)
    return page.rows[0] if page.rows else None


async def found(context: Context, view: View, where: Mapping[str, object]) -> Row:
    """Return that row.

    Raises:
        NotFound: there is none that the caller may see.
    """
    row = await find(context, view, where)
    if row is None:
        raise NotFound
    return row


def _field(resolve: Any, kind: Any, allow: Access, mapped: Mapped, description: str) -> Any:
    resolve.__annotations__ = {**resolve.__annotations__, "return": kind}
    return strawberry.field(
        resolver=resolve,
        description=description,
        directives=directives(allow, None),
        extensions=[AccessExtension(allow)],
        metadata={METADATA: mapped},
    )
