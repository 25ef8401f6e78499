"""Tier 2: the same resolvers, compiled once per document into a plan that goes level by level."""

from shimin_graphql.engine.batched.document import Batched
from shimin_graphql.engine.batched.plan import NotCompilable

__all__ = ["Batched", "NotCompilable"]
