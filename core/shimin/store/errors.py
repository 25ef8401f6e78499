"""What the store refuses."""

from shimin.kit.refusal import Refusal


class StoreConflict(Refusal):
    """The value has another version than the one that was to be replaced; None where there is no value."""

    code = "STORE_CONFLICT"
    http_status = 409
    version: int | None


class StoreFull(Refusal):
    """The mini-app keeps as much for this citizen as it may."""

    code = "STORE_FULL"
    values_max: int
    size_bytes_max: int
