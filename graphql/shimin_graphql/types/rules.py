"""Every field says who may read it; a schema in which one does not cannot be built."""

from collections.abc import Iterator

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema

from shimin_graphql.engine.mapping import definition_of
from shimin_graphql.types.access import Access, rule_of


def require_rules(schema: GraphQLSchema) -> None:
    """Go on if each field of each object type has a rule: its own, or its type's; root fields need their own.

    Raises:
        TypeError: some have none; the text names them.
    """
    silent = list(_silent(schema))
    if silent:
        message = (
            f"nobody says who may read {', '.join(silent)}; declare the type with object_type(allow=…) or the field "
            "with field(allow=…)"
        )
        raise TypeError(message)


def _silent(schema: GraphQLSchema) -> Iterator[str]:
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__") and _type_rule(kind) is None:
            yield from (f"{name}.{key}" for key, item in kind.fields.items() if _field_rule(item) is None)


def _type_rule(kind: GraphQLObjectType) -> Access | None:
    """Return the rule a type declares for itself; a type that inherits from it declares its own."""
    definition = definition_of(kind)
    if definition is None:
        return None
    declared = (definition.concrete_of or definition).origin
    rule: Access | None = vars(declared).get("__allow__")
    return rule


def _field_rule(item: GraphQLField) -> Access | None:
    definition = definition_of(item)
    return None if definition is None else rule_of(definition)
