"""What comparisons leave behind is cleared away with them."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Collect what the stock executor dropped, after the loop has ended and before another test could be blamed."""
    yield
    gc.collect()
