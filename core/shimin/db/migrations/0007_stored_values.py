"""Schema step 0007: what mini-apps keep for citizens."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from shimin.db.fields import IdField, InstantField
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    """The store of mini-apps."""

    dependencies = [("shimin", "0006_trusted_documents")]  # noqa: RUF012 - the ORM's own way to say it

    operations = [  # noqa: RUF012 - likewise
        ops.CreateModel(
            name='StoredValueRow',
            fields=[
                ('row_key', IdField(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ('citizen_id', IdField(generated=False, null=False, unique=False)),
                ('app_id', IdField(generated=False, null=False, unique=False)),
                ('name', IdField(generated=False, null=False, unique=False)),
                ('content', fields.TextField(unique=False)),
                ('size_bytes', fields.IntField()),
                ('version', fields.BigIntField()),
                ('changed_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'stored_value', 'app': 'shimin', 'indexes': [Index(fields=['citizen_id', 'app_id'])], 'pk_attr': 'row_key'},
            bases=['Model'],
        ),
    ]
