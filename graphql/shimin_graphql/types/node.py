"""What has an id of its own; ``types/nodes.py`` finds it again by that id."""

import strawberry


@strawberry.interface(description="What `node` finds again by its id alone.")
class Node:
    """An object with an id that no other object has, of whatever type."""

    id: strawberry.ID
