"""Schema step 0004: whose a mini-app's id is, and its highest version, in a row that uploads take in turn."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from shimin.db.fields import IdField
from shimin.db.migrate_ops import per_engine

_FILL = (
    "INSERT INTO mini_app (app_id, department_id, version_code_highest)"
    " SELECT app_id, min(department_id), max(version_code) FROM release GROUP BY app_id"
)


class Migration(migrations.Migration):
    """The row of each app that was uploaded before is written from its releases."""

    dependencies = [("shimin", "0003_ledger_guards")]  # noqa: RUF012 - the ORM's own way to say it

    operations = [  # noqa: RUF012 - likewise
        ops.CreateModel(
            name="MiniAppRow",
            fields=[
                ("app_id", IdField(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ("department_id", IdField(generated=False, null=False, unique=False)),
                ("version_code_highest", fields.IntField()),
            ],
            options={"table": "mini_app", "app": "shimin", "pk_attr": "app_id"},
            bases=["Model"],
        ),
        per_engine(sqlite=(_FILL,), postgres=(_FILL,)),
    ]
