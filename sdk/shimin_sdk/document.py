"""A GraphQL document of the package together with the dataclass its data is read into."""

from dataclasses import dataclass
from typing import Generic, TypeVar

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
