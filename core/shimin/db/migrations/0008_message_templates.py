"""Schema step 0008: message templates that releases bring."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from shimin.db.fields import DocumentField, IdField

class Migration(migrations.Migration):
    """Words that mini-apps send in."""

    dependencies = [("shimin", "0007_stored_values")]  # noqa: RUF012 - the ORM's own way to say it

    operations = [  # noqa: RUF012 - likewise
        ops.CreateModel(
            name='MessageTemplateRow',
            fields=[
                ('row_key', IdField(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ('release_id', IdField(generated=False, null=False, unique=False)),
                ('name', IdField(generated=False, null=False, unique=False)),
                ('title', DocumentField(generated=False, null=False, unique=False)),
                ('body', DocumentField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'message_template', 'app': 'shimin', 'pk_attr': 'row_key'},
            bases=['Model'],
        ),
    ]
