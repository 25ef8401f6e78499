"""A GraphQL document of the package together with the dataclass its data is read into."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, cast

Data = TypeVar("Data")


@dataclass(frozen=True)
class Operation(Generic[Data]):
    """``Operation("operations/overview.graphql", Overview)``: what ``call.execute`` runs and what it returns.

    Attributes:
        path: where the document lies in the package; the manifest declares it.
        returns: a dataclass of the response's ``data``; its fields are the response keys in snake_case
            (``monthsPaid`` is read into ``months_paid``), keys it does not name are left out.
    """

    path: str
    returns: type[Data]


class Asked(Generic[Data]):
    """A document with its variables: the base of the frozen dataclasses that ``shimin-sdk generate`` writes.

    ``call.execute(operations.Payment(id="pay_1"))`` runs it; a variable that is None is left out.
    """

    OPERATION: ClassVar[Operation[Any]]


def variables_of(asked: object) -> Mapping[str, object]:
    """Return the variables by their Python names, without those that are None, inside input objects too."""
    return {name: value for name, value in _present(asked).items() if value is not None}


def _present(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and _is_input(value):
        found = {item.name: _present(getattr(value, item.name)) for item in dataclasses.fields(value)}
        return {name: item for name, item in found.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_present(item) for item in cast("Sequence[object]", value)]
    return value


class Input:
    """The base of generated input objects: what is None in them is not sent."""


def _is_input(value: object) -> bool:
    return isinstance(value, Asked | Input)
