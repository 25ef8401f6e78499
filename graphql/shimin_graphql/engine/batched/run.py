"""Running a plan: each field over all objects of its level, what waits for something waits together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLResolveInfo,
    OperationType,
    default_type_resolver,
    located_error,
)
from graphql.pyutils import Path

from shimin_graphql.engine.batched.arguments import can_be_shared
from shimin_graphql.engine.batched.leaves import QUIET
from shimin_graphql.engine.batched.plan import (
    AbstractShape,
    FieldPlan,
    LeafShape,
    ListShape,
    ObjectShape,
    Plans,
    Shape,
)
from shimin_graphql.engine.batched.slots import Place, Slot

if TYPE_CHECKING:
    from graphql.execution.values import VariableValues

    from shimin_graphql.engine.batched.document import Batched

Children = list[tuple[ObjectShape, list[Any], list[Slot]]]
"""Objects that were met and whose members are still to be filled in, by shape."""


class Run:
    """One execution."""

    def __init__(self, batched: Batched, plans: Plans, values: VariableValues, context: Any) -> None:
        self._batched = batched
        self._plans = plans
        self._values = values
        self._context = context
        self._errors: list[GraphQLError] = []
        self._losses = False
        self._is_lost = False

    async def whole(self, fields: Sequence[FieldPlan]) -> ExecutionResult:
        """Answer the root fields: a query's side by side, a mutation's one after another."""
        root = Slot(dict.fromkeys(plan.key for plan in fields), None)
        if self._batched.operation.operation is OperationType.MUTATION:
            for plan in fields:
                await self._level([plan], [None], [root])
                if self._is_lost:
                    break
        else:
            await self._level(fields, [None], [root])
        data = None if self._is_lost else root.out
        return ExecutionResult(data=data, errors=self._errors or None)

    async def _objects(self, shape: ObjectShape, sources: list[Any], slots: list[Slot]) -> None:
        """Fill in the members of objects of one type."""
        fields = self._plans.fields_of(shape)
        keys = [plan.key for plan in fields]
        for slot in slots:
            slot.out |= dict.fromkeys(keys)  # the order of the document, whatever is known first
        await self._level(fields, sources, slots)

    async def _level(self, fields: Sequence[FieldPlan], sources: list[Any], slots: list[Slot]) -> None:
        """Work out fields over all objects of a level; those that wait do so side by side."""
        later: list[Awaitable[None]] = []
        children: Children = []
        for plan in fields:
            values = self._values_of(plan, sources)
            if isinstance(values, list):
                waiting = self._complete(plan, values, slots, children)
                if waiting is not None:
                    later.append(waiting)
            else:
                later.append(self._when_had(plan, values, slots))
        later += [self._objects(*child) for child in self._still_wanted(children)]
        if len(later) == 1:
            await later[0]
        elif later:
            await asyncio.gather(*later)

    def _still_wanted(self, children: Children) -> Iterable[tuple[ObjectShape, list[Any], list[Slot]]]:
        if not self._losses:
            return children
        wanted = []
        for shape, sources, slots in children:
            kept = [(source, slot) for source, slot in zip(sources, slots, strict=True) if not slot.is_lost]
            if kept:
                wanted.append((shape, [source for source, _ in kept], [slot for _, slot in kept]))
        return wanted

    # ---- having values ---------------------------------------------------------------------------------------------

    def _values_of(self, plan: FieldPlan, sources: list[Any]) -> list[Any] | Awaitable[Sequence[Any]]:
        """Return a field's values for all objects; an exception stands where one was raised."""
        if plan.constant is not None:
            return [plan.constant] * len(sources)
        if plan.attribute is not None:
            try:
                return list(map(plan.attribute, sources))
            except Exception:  # noqa: BLE001 - the one that raised is found below
                return [_caught(plan.attribute, source) for source in sources]
        info = self._info(plan)
        if plan.many is not None:
            return _many(plan.many(sources, info), len(sources))
        return self._resolved(plan, sources, info)

    def _resolved(self, plan: FieldPlan, sources: list[Any], info: GraphQLResolveInfo[Any]) -> list[Any]:
        if plan.arguments is None:
            raise AssertionError
        found = []
        shared: dict[str, Any] | None = None
        call: Callable[[Any, dict[str, Any]], Any] | None = None
        for source in sources:
            try:
                arguments = plan.arguments.coerce(self._values) if shared is None else shared
                if shared is None and can_be_shared(arguments):
                    shared = arguments
                if call is None:  # only now: a wrong argument is told before the rule of who may ask
                    call = self._caller(plan, info)
                found.append(call(source, arguments))
            except Exception as error:  # noqa: BLE001 - a resolver's error is its field's
                found.append(error)
        return found

    @staticmethod
    def _caller(plan: FieldPlan, info: GraphQLResolveInfo[Any]) -> Callable[[Any, dict[str, Any]], Any]:
        """Return what calls the field's resolver for an object."""
        direct, resolve = plan.direct, plan.resolve
        if direct is None:
            return lambda source, arguments: resolve(source, info, **arguments)
        told = direct.info(info)
        return lambda source, arguments: direct(source, told, arguments)

    def _info(self, plan: FieldPlan) -> GraphQLResolveInfo[Any]:
        batched = self._batched
        return GraphQLResolveInfo(
            plan.nodes[0].name.value,
            plan.nodes,
            plan.item.type,
            plan.parent,
            Path(None, plan.key, plan.parent.name),
            batched.schema,
            batched.fragments,
            None,
            batched.operation,
            self._values,
            self._context,
            isawaitable,  # type: ignore[arg-type]  # TypeIs says more than TypeGuard
            None,
            _NO_HELPERS,
        )

    async def _when_had(self, plan: FieldPlan, values: Awaitable[Sequence[Any]], slots: list[Slot]) -> None:
        children: Children = []
        waiting = self._complete(plan, list(await values), slots, children)
        await self._rest(waiting, children)

    async def _rest(self, waiting: Awaitable[None] | None, children: Children) -> None:
        later = [self._objects(*child) for child in self._still_wanted(children)]
        if waiting is not None:
            later.append(_as_coroutine(waiting))
        if len(later) == 1:
            await later[0]
        elif later:
            await asyncio.gather(*later)

    # ---- completing them -------------------------------------------------------------------------------------------

    def _complete(
        self, plan: FieldPlan, values: list[Any], slots: list[Slot], children: Children
    ) -> Awaitable[None] | None:
        """Put a field's values into the response; returns what is left to wait for, if anything."""
        kinds = set(map(type, values))
        if not kinds <= QUIET and (waiting := [n for n, value in enumerate(values) if isawaitable(value)]):
            places = [self._place(plan, slots[n]) for n in waiting]
            later = self._awaited(plan, plan.shape, [values[n] for n in waiting], places)
            if len(waiting) == len(values):
                return later
            still = set(waiting)
            ready = [n for n in range(len(values)) if n not in still]
            return _both(later, self._complete(plan, [values[n] for n in ready], [slots[n] for n in ready], children))
        if isinstance(plan.shape, LeafShape):
            results, failures = plan.shape.leaves.complete(values, kinds)
            key = plan.key
            for slot, result in zip(slots, results, strict=True):
                slot.out[key] = result
            for number, error in failures:
                self._fail(plan, self._place(plan, slots[number]), error)
            return None
        return self._shape(plan, plan.shape, values, [self._place(plan, slot) for slot in slots], children)

    @staticmethod
    def _place(plan: FieldPlan, slot: Slot) -> Place:
        return Place(slot.out, plan.key, slot, nullable=plan.nullable)

    async def _awaited(self, plan: FieldPlan, shape: Shape, values: list[Any], places: list[Place]) -> None:
        """Wait for values side by side, then put them into the response and go on below them."""
        if len(values) == 1:
            try:
                had: list[Any] = [await values[0]]
            except Exception as error:  # noqa: BLE001 - a resolver's error is its field's
                had = [error]
        else:
            had = list(await asyncio.gather(*values, return_exceptions=True))
            for value in had:
                if isinstance(value, asyncio.CancelledError):
                    raise value
        children: Children = []
        waiting = self._shape(plan, shape, had, places, children)
        await self._rest(waiting, children)

    def _shape(
        self, plan: FieldPlan, shape: Shape, values: list[Any], places: list[Place], children: Children
    ) -> Awaitable[None] | None:
        match shape:
            case LeafShape(leaves):
                results, failures = leaves.complete(values, set(map(type, values)))
                for place, result in zip(places, results, strict=True):
                    place.put(result)
                for number, error in failures:
                    self._fail(plan, places[number], error)
                return None
            case ListShape():
                return self._lists(plan, shape, values, places, children)
            case ObjectShape():
                self._found(plan, shape, values, places, children)
                return None
            case AbstractShape():
                self._found_abstract(plan, shape, values, places, children)
                return None

    def _lists(
        self, plan: FieldPlan, shape: ListShape, values: list[Any], places: list[Place], children: Children
    ) -> Awaitable[None] | None:
        items: list[Any] = []
        inner: list[Place] = []
        for value, place in zip(values, places, strict=True):
            if not self._is_there(plan, shape, value, place):
                continue
            if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
                name = f"{plan.parent.name}.{plan.nodes[0].name.value}"
                message = f"Expected Iterable, but did not find one for field '{name}'."
                self._fail(plan, place, GraphQLError(message))
                continue
            out: list[Any] = list(value)
            place.put(out)
            for number, item in enumerate(out):
                items.append(item)
                inner.append(Place(out, number, place.slot, nullable=shape.item_nullable, around=place))
        if not items:
            return None
        kinds = set(map(type, items))
        if not kinds <= QUIET and (waiting := [n for n, item in enumerate(items) if isawaitable(item)]):
            still = set(waiting)
            ready = [n for n in range(len(items)) if n not in still]
            later = self._awaited(plan, shape.item, [items[n] for n in waiting], [inner[n] for n in waiting])
            now = self._shape(plan, shape.item, [items[n] for n in ready], [inner[n] for n in ready], children)
            return _both(later, now)
        return self._shape(plan, shape.item, items, inner, children)

    def _is_there(
        self, plan: FieldPlan, shape: ListShape | ObjectShape | AbstractShape, value: Any, place: Place
    ) -> bool:
        """Tell whether there is a value; null is put in its place, or made the error it is."""
        if isinstance(value, Exception):
            self._fail(plan, place, value)
            return False
        if value is None:
            if shape.nullable:
                place.put(None)
            else:
                self._fail(plan, place, TypeError(shape.null_error))
            return False
        return True

    def _found(
        self, plan: FieldPlan, shape: ObjectShape, values: list[Any], places: list[Place], children: Children
    ) -> None:
        sources: list[Any] = []
        slots: list[Slot] = []
        is_type_of = shape.kind.is_type_of
        info = self._info(plan) if is_type_of else None
        for value, place in zip(values, places, strict=True):
            if not self._is_there(plan, shape, value, place):
                continue
            if is_type_of is not None and not is_type_of(value, info):  # type: ignore[arg-type]
                message = f"Expected value of type '{shape.kind.name}' but got: {type(value).__name__}."
                self._fail(plan, place, GraphQLError(message, plan.nodes))
                continue
            out: dict[str, Any] = {}
            place.put(out)
            sources.append(value)
            slots.append(Slot(out, place))
        if sources:
            children.append((shape, sources, slots))

    def _found_abstract(
        self, plan: FieldPlan, shape: AbstractShape, values: list[Any], places: list[Place], children: Children
    ) -> None:
        resolve_type = shape.kind.resolve_type or default_type_resolver
        info = self._info(plan)
        groups: dict[str, tuple[ObjectShape, list[Any], list[Place]]] = {}
        for value, place in zip(values, places, strict=True):
            if not self._is_there(plan, shape, value, place):
                continue
            try:
                name = resolve_type(value, info, shape.kind)
                if not isinstance(name, str):
                    message = f"Abstract type '{shape.kind.name}' must resolve to an Object type at runtime."
                    raise TypeError(message)  # noqa: TRY301 - told like the resolver's own errors
                concrete = self._plans.concrete(shape, name)
            except Exception as error:  # noqa: BLE001 - an error of a type's own code is this value's
                self._fail(plan, place, error)
                continue
            group = groups.setdefault(name, (concrete, [], []))
            group[1].append(value)
            group[2].append(place)
        for concrete, found, where in groups.values():
            self._found(plan, concrete, found, where, children)

    def _fail(self, plan: FieldPlan, place: Place, error: Exception) -> None:
        """Note an error at its place and put null there, or as far outwards as it must go."""
        if self._losses and place.slot.is_lost:
            return
        nodes: list[FieldNode] = plan.nodes
        self._errors.append(located_error(error, nodes, place.path()))
        self._losses = True
        self._is_lost |= place.lose()


def _caught(attribute: Any, source: Any) -> Any:
    try:
        return attribute(source)
    except Exception as error:  # noqa: BLE001 - an error of a property is its field's
        return error


async def _many(values: Awaitable[Sequence[Any]], count: int) -> Sequence[Any]:
    try:
        return await values
    except Exception as error:  # noqa: BLE001 - who asked for many at once fails for all of them
        return [error] * count


async def _as_coroutine(waiting: Awaitable[None]) -> None:
    await waiting


def _both(first: Awaitable[None], second: Awaitable[None] | None) -> Awaitable[None]:
    return first if second is None else _gathered(first, second)


async def _gathered(*waiting: Awaitable[None]) -> None:
    await asyncio.gather(*waiting)


_NO_HELPERS: Any = None
"""The stock executor's own bookkeeping of abandoned work; resolvers of this schema await what they start."""
