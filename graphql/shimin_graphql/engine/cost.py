"""What a document costs, as a function of its variables: computed once, evaluated for each request.

A field costs its weight. A list multiplies what is below it by its length, a page by its size, and ``@skip`` and
``@include`` by nothing or one. What variables decide stays open as a factor, so that one compiled document has one
cost whoever calls it, and the exact figure of a call takes microseconds.

Source: the terms are those of the GraphQL Cost Directives specification (weight, assumed size, slicing arguments).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    ConstValueNode,
    GraphQLField,
    IntValueNode,
    NodeKind,
    ValueNode,
    VariableNode,
)
