"""Schema step 0009: connectors and services of mini-apps, sealed secrets, and what was asked."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from shimin.db.fields import DocumentField, IdField, InstantField
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    """The tables of connectors and of the exchange."""

    dependencies = [('shimin', '0008_message_templates')]  # noqa: RUF012 - the ORM's own way to say it

    operations = [  # noqa: RUF012 - likewise
        ops.CreateModel(
            name='ConnectorCallRow',
            fields=[
                ('id', IdField(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ('at', InstantField(generated=False, null=False, unique=False)),
                ('app_id', IdField(generated=False, null=False, unique=False)),
                ('release_id', IdField(generated=False, null=False, unique=False)),
                ('department_id', IdField(generated=False, null=False, unique=False)),
                ('connector', IdField(generated=False, null=False, unique=False)),
                ('method', fields.CharField(max_length=8)),
                ('path_template', fields.TextField(unique=False)),
                ('outcome', IdField(generated=False, null=False, unique=False)),
                ('status', fields.IntField(null=True)),
                ('request_bytes', fields.IntField()),
                ('answer_bytes', fields.IntField()),
                ('duration_ms', fields.IntField()),
                ('trace_id', IdField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'connector_call', 'app': 'shimin', 'indexes': [Index(fields=['at'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ConnectorRow',
            fields=[
                ('id', IdField(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ('app_id', IdField(db_index=True, generated=False, null=False, unique=False)),
                ('department_id', IdField(generated=False, null=False, unique=False)),
                ('name', IdField(generated=False, null=False, unique=False)),
                ('origin', fields.TextField(unique=False)),
                ('declared_at', InstantField(generated=False, null=False, unique=False)),
                ('header', IdField(null=True, generated=False, unique=False)),
                ('sealed', fields.TextField(null=True, unique=False)),
                ('secret_version', fields.IntField()),
                ('set_by', IdField(null=True, generated=False, unique=False)),
                ('set_at', InstantField(null=True, generated=False, unique=False)),
            ],
            options={'table': 'connector', 'app': 'shimin', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ReleaseConnectorRow',
            fields=[
                ('id', IdField(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ('release_id', IdField(generated=False, null=False, unique=False)),
                ('name', IdField(generated=False, null=False, unique=False)),
                ('connector_id', IdField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'release_connector', 'app': 'shimin', 'unique_together': (('release_id', 'name'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ServiceExportRow',
            fields=[
                ('id', IdField(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ('release_id', IdField(generated=False, null=False, unique=False)),
                ('app_id', IdField(generated=False, null=False, unique=False)),
                ('department_id', IdField(generated=False, null=False, unique=False)),
                ('operation', IdField(generated=False, null=False, unique=False)),
                ('input', DocumentField(generated=False, null=False, unique=False)),
                ('output', DocumentField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'service_export', 'app': 'shimin', 'unique_together': (('release_id', 'operation'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ServiceImportRow',
            fields=[
                ('id', IdField(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ('release_id', IdField(generated=False, null=False, unique=False)),
                ('app_id', IdField(generated=False, null=False, unique=False)),
                ('department_id', IdField(generated=False, null=False, unique=False)),
                ('service_app_id', IdField(generated=False, null=False, unique=False)),
                ('service_operation', IdField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'service_import', 'app': 'shimin', 'unique_together': (('release_id', 'service_app_id', 'service_operation'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
