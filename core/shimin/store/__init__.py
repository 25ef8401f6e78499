"""The store: small values that a mini-app keeps for one citizen, which nobody else can read."""

from shimin.store.errors import StoreConflict, StoreFull
from shimin.store.forget import forget
from shimin.store.get import get, keys
from shimin.store.model import STORE_BYTES_MAX, VALUE_BYTES_MAX, VALUES_MAX, Stored
from shimin.store.put import delete, put
from shimin.store.views import KEPT

__all__ = [
    "KEPT",
    "STORE_BYTES_MAX",
    "VALUES_MAX",
    "VALUE_BYTES_MAX",
    "StoreConflict",
    "StoreFull",
    "Stored",
    "delete",
    "forget",
    "get",
    "keys",
    "put",
]
