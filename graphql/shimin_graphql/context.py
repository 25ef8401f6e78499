"""What every resolver is handed: who calls, the platform, and a place for this request's loaders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import strawberry

if TYPE_CHECKING:
    from shimin.assembly import Platform
    from shimin.kit.call import Call


@dataclass(slots=True)
class Context:
    """One request's surroundings; never shared between requests."""

    call: Call
    platform: Platform
    loaders: dict[str, Any] = field(default_factory=dict)
    """Batching loaders by name, made on first use."""


Info = strawberry.Info[Context, None]
"""The ``info`` argument of every resolver."""
