"""Calling a resolver's own function, where nothing stands between it and the call but the rule of who may ask."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLField, GraphQLResolveInfo, get_nullable_type, is_leaf_type
from strawberry.types import Info

from shimin_graphql.types.base import Access, AccessExtension


class Direct:
    """A field's resolver without the layers that most fields do not need.

    Strawberry converts input objects, runs extensions, lets handlers catch exceptions, and makes an ``Info`` for each
    object. Where arguments are plain values and the only extensions are rules, the rule is checked once for all
    objects of a level and the function is called as it was written.
    """

    __slots__ = ("_accesses", "_definition", "_function", "_info", "_parent", "_renamed", "_takes_self")

    def __init__(self, definition: Any, accesses: list[Access], renamed: Mapping[str, str]) -> None:
        """Use ``direct``."""
        resolver = definition.base_resolver
        self._definition = definition
        self._accesses = accesses
        self._renamed = renamed
        self._function: Callable[..., Any] = resolver.wrapped_func
        self._takes_self = resolver.self_parameter is not None
        parent = resolver.parent_parameter or resolver.root_parameter
        self._parent = parent.name if parent is not None else None
        self._info = resolver.info_parameter.name if resolver.info_parameter is not None else None

    def info(self, raw: GraphQLResolveInfo[Any]) -> Info:
        """Return what the resolver is told, after checking that the caller may ask at all.

        Raises:
            NotSignedIn, NotAllowed: the caller does not fit the field's rule.
        """
        for access in self._accesses:
            access.check(raw.context.call)
        return Info(_raw_info=raw, _field=self._definition)

    def __call__(self, source: Any, info: Info, arguments: Mapping[str, Any]) -> Any:
        """Call the resolver for one object."""
        named = {self._renamed.get(name, name): value for name, value in arguments.items()}
        if self._info is not None:
            named[self._info] = info
        if self._parent is not None:
            named[self._parent] = source
        return self._function(source, **named) if self._takes_self else self._function(**named)


def direct(definition: Any, item: GraphQLField) -> Direct | None:
    """Return how to call a field's own function, or None where Strawberry's layers are needed."""
    if definition is None or definition.base_resolver is None:
        return None
    accesses = []
    for extension in definition.extensions:
        if type(extension) is not AccessExtension:
            return None
        accesses.append(extension.access)
    if not all(is_leaf_type(get_nullable_type(argument.type)) for argument in item.args.values()):
        return None
    given = {argument.python_name for argument in definition.arguments}
    renamed = {}
    for name, argument in item.args.items():
        python_name = argument.extensions["strawberry-definition"].python_name
        if python_name not in given:
            return None
        renamed[argument.out_name or name] = python_name
    return Direct(definition, accesses, renamed)
