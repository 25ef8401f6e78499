"""What may be read of the store: a citizen sees what every mini-app keeps for them; its content is the mini-app's."""

from shimin.db import Column, OwnRows, View

KEPT = View(
    name="stored_value",
    table="stored_value",
    columns={
        "id": Column("row_key", "id", "public"),
        "citizen_id": Column("citizen_id", "id", "personal"),
        "app_id": Column("app_id", "id", "personal"),
        "name": Column("name", "id", "personal"),
        "size_bytes": Column("size_bytes", "integer", "personal"),
        "changed_at": Column("changed_at", "instant", "personal"),
    },
    key=("id",),
    visible=OwnRows("citizen_id", in_person=True),
    sort={"app": (("app_id", "asc"), ("name", "asc"))},
)
