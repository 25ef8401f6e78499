"""What introspection needs of a schema and Strawberry leaves out."""

from collections.abc import Iterator

from graphql import (
    GraphQLArgument,
    GraphQLDefaultInput,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
)


def tell_json_defaults(schema: GraphQLSchema) -> None:
    """Let introspection say the defaults that are objects or lists of a scalar such as ``JSON``.

    Strawberry hands defaults over in a form that graphql-core can print for built-in scalars only; a single ``{}`` then
    makes every introspection fail. The form added here means the same value.
    """
    for told in _inputs(schema):
        if isinstance(told.default_value, (dict, list)) and told.default is None:
            told.default = GraphQLDefaultInput(told.default_value)


def _inputs(schema: GraphQLSchema) -> Iterator[GraphQLArgument | GraphQLInputField]:
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            yield from kind.fields.values()
        elif isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
            for field in kind.fields.values():
                yield from field.args.values()
