"""What may be read of the catalogue: everything, by everybody."""

from shimin.db.view import Column, Everyone, View

GUIDES = View(
    name="guide",
    table="guide",
    columns={
        "number": Column("number", "integer", "public"),
        "code": Column("code", "id", "public"),
        "title": Column("title", "text", "public"),
        "title_en": Column("title_en", "text", "public", nullable=True),
        "department": Column("department", "text", "public", nullable=True),
        "department_en": Column("department_en", "text", "public", nullable=True),
        "area_code": Column("area_code", "id", "public", nullable=True),
        "area": Column("area", "text", "public", nullable=True),
        "area_en": Column("area_en", "text", "public", nullable=True),
        "kind": Column("kind", "text", "public", nullable=True),
        "mini_app_id": Column("mini_app_id", "id", "public", nullable=True),
        "details": Column("details", "document", "public"),
        "updated_at": Column("updated_at", "instant", "public"),
    },
    key=("code",),
    visible=Everyone(),
    sort={"imported": (("number", "asc"),)},
)
"""Service guides. ``details`` is the whole guide; the other columns repeat what lists need."""
