"""What a document can ever read of a person, computed from the document and the schema's ``@personal`` marks."""

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)

from shimin.kit.document import PersonalField
from shimin_graphql.types.access import Personal


def personal_scope(field: GraphQLField) -> str | None:
    """Return the scope a schema field declares, or None where it shows nothing personal."""
    definition = (field.extensions or {}).get("strawberry-definition")
    for directive in getattr(definition, "directives", ()):
        if isinstance(directive, Personal):
            return directive.scope
    return None


def personal_fields(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> tuple[PersonalField, ...]:
    """Return every personal-data field the operation selects, whatever its variables and directives say.

    ``@skip`` and ``@include`` are ignored on purpose: consent covers what the document could read, not what it
    happened to read once. A selection on an interface counts for each type behind it.
    """
    fragments = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}
    found: dict[PersonalField, None] = {}

    def walk(kind: GraphQLNamedType | None, selected: SelectionSetNode | None, path: tuple[str, ...]) -> None:
        for node in selected.selections if selected else ():
            if isinstance(node, FragmentSpreadNode):
                fragment = fragments[node.name.value]
                walk(schema.get_type(fragment.type_condition.name.value), fragment.selection_set, path)
            elif isinstance(node, InlineFragmentNode):
                narrowed = schema.get_type(node.type_condition.name.value) if node.type_condition else kind
                walk(narrowed, node.selection_set, path)
            elif isinstance(node, FieldNode):
                here = (*path, (node.alias or node.name).value)
                for field in _fields_behind(schema, kind, node.name.value):
                    scope = personal_scope(field)
                    if scope:
                        found.setdefault(PersonalField(scope=scope, path=".".join(here)))
                    walk(get_named_type(field.type), node.selection_set, here)

    walk(schema.get_root_type(operation.operation), operation.selection_set, ())
    return tuple(found)


def _fields_behind(schema: GraphQLSchema, kind: GraphQLNamedType | None, name: str) -> list[GraphQLField]:
    """Return the field of that name on an object, or on an interface and each object that implements it."""
    if isinstance(kind, GraphQLObjectType):
        return [kind.fields[name]] if name in kind.fields else []
    if isinstance(kind, GraphQLInterfaceType):
        behind: list[GraphQLInterfaceType | GraphQLObjectType] = [kind, *schema.get_possible_types(kind)]
        return [item.fields[name] for item in behind if name in item.fields]
    return []
