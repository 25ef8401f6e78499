"""Schema step 0006: documents that clients registered ahead of time."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from shimin.db.fields import IdField, InstantField
from tortoise import fields

class Migration(migrations.Migration):
    """The registry of trusted documents."""

    dependencies = [('shimin', '0005_departments')]  # noqa: RUF012 - the ORM's own way to say it

    operations = [  # noqa: RUF012 - likewise
        ops.CreateModel(
            name='TrustedDocumentRow',
            fields=[
                ('id', IdField(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ('name', fields.TextField(unique=False)),
                ('kind', fields.CharField(max_length=16)),
                ('client', IdField(generated=False, null=False, unique=False)),
                ('text', fields.TextField(unique=False)),
                ('registered_at', InstantField(generated=False, null=False, unique=False)),
                ('registered_by', IdField(generated=False, null=False, unique=False)),
                ('retired_at', InstantField(null=True, generated=False, unique=False)),
                ('retired_by', IdField(null=True, generated=False, unique=False)),
            ],
            options={'table': 'trusted_document', 'app': 'shimin', 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
