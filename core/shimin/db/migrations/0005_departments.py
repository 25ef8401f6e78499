"""Schema step 0005: departments with their names; bills by citizen and day; how many messages are unread."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from shimin.db.fields import DocumentField, IdField, InstantField
from shimin.db.migrate_ops import per_engine

_UNREAD = "CREATE INDEX IF NOT EXISTS message_unread ON message (citizen_id) WHERE read_at IS NULL"


class Migration(migrations.Migration):
    """What a home screen is read from."""

    dependencies = [("shimin", "0004_mini_app_owner")]  # noqa: RUF012 - the ORM's own way to say it

    operations = [  # noqa: RUF012 - likewise
        ops.CreateModel(
            name="DepartmentRow",
            fields=[
                ("id", IdField(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ("name", DocumentField(generated=False, null=False, unique=False)),
                ("registered_at", InstantField(generated=False, null=False, unique=False)),
            ],
            options={"table": "department", "app": "shimin", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.AddIndex(model_name="PaymentBill", index=Index(fields=["for_citizen", "due_on", "id"])),
        per_engine(
            sqlite=(_UNREAD,),
            postgres=(_UNREAD,),
            sqlite_undo=("DROP INDEX IF EXISTS message_unread",),
            postgres_undo=("DROP INDEX IF EXISTS message_unread",),
        ),
    ]
