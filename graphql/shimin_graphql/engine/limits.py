"""Bounds for documents that are not trusted, computed in one pass that visits each fragment once.

Trusted documents are measured at registration by the same rules, so that nobody registers what could stall a server.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from shimin_graphql.engine.errors import DocumentTooCostly


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a document may hold."""

    text_chars: int = 32_768
    tokens: int = 4_000
    depth: int = 15
    fields: int = 1_500
    """Fields after expanding fragments: what execution would visit per object."""
    root_fields: int = 30
    aliases: int = 100
    directives: int = 200


@dataclass(frozen=True, slots=True)
class Weight:
    """What a selection holds once its fragments are expanded; numbers saturate instead of growing without bound."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def plus(self, other: "Weight") -> "Weight":
        """Return both side by side."""
        return Weight(
            max(self.depth, other.depth),
            min(self.fields + other.fields, _MANY),
            min(self.aliases + other.aliases, _MANY),
            min(self.directives + other.directives, _MANY),
        )


_MANY = 10**9
_CYCLE = Weight(_MANY, _MANY, _MANY, _MANY)


class _Scale:
    """Weighs selections, each fragment once however often it is spread."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.fragments = fragments
        self.known: dict[str, Weight] = {}
        self.open: set[str] = set()

    def fragment(self, name: str) -> Weight:
        """Weigh a fragment; a cycle weighs more than any limit, an unknown one nothing (validation names it)."""
        if name in self.known:
            return self.known[name]
        if name in self.open or len(self.open) > 100:  # noqa: PLR2004 - deeper than any allowed document
            return _CYCLE
        if name not in self.fragments:
            return Weight()
        self.open.add(name)
        weight = self.selection(self.fragments[name].selection_set)
        self.open.discard(name)
        self.known[name] = weight
        return weight

    def selection(self, selected: SelectionSetNode | None) -> Weight:
        """Weigh a selection set."""
        total = Weight()
        for node in selected.selections if selected else ():
            marks = Weight(directives=len(node.directives or ()))
            if isinstance(node, FragmentSpreadNode):
                total = total.plus(marks).plus(self.fragment(node.name.value))
            elif isinstance(node, FieldNode):
                below = self.selection(node.selection_set)
                own = Weight(min(below.depth + 1, _MANY), min(below.fields + 1, _MANY), below.aliases, below.directives)
                total = total.plus(marks).plus(own).plus(Weight(aliases=int(node.alias is not None)))
            else:
                total = total.plus(marks).plus(self.selection(getattr(node, "selection_set", None)))
        return total


def check_limits(document: DocumentNode, limits: Limits) -> None:
    """Go on only if every operation of the document is within the limits.

    Raises:
        DocumentTooCostly: names the limit, what was found (saturating) and what is allowed.
    """
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    scale = _Scale(fragments)
    for node in document.definitions:
        if not isinstance(node, OperationDefinitionNode):
            continue
        weight = scale.selection(node.selection_set)
        root = sum(isinstance(child, FieldNode) for child in node.selection_set.selections)
        for name, found, allowed in (
            ("depth", weight.depth, limits.depth),
            ("fields", weight.fields, limits.fields),
            ("aliases", weight.aliases, limits.aliases),
            ("directives", weight.directives, limits.directives),
            ("root_fields", root, limits.root_fields),
        ):
            if found > allowed:
                raise DocumentTooCostly(limit=name, found=found, allowed=allowed)
