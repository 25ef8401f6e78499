"""Tables of exports and imports and every statement that writes them."""

from collections.abc import Sequence

from tortoise.models import Model

from shimin.db import DocumentField, IdField, Reader, Unit
from shimin.exchange.model import Export, Import, ServiceName


class ServiceExportRow(Model):
    """An operation that a release offers to other mini-apps."""

    id = IdField(primary_key=True)
    release_id = IdField()
    app_id = IdField()
    department_id = IdField()
    operation = IdField()
    input = DocumentField()
    output = DocumentField()

    class Meta:
        """An operation once a release."""

        table = "service_export"
        app = "shimin"
        unique_together = (("release_id", "operation"),)


class ServiceImportRow(Model):
    """A service of another mini-app that a release uses; purpose and retention are consent's."""

    id = IdField(primary_key=True)
    release_id = IdField()
    app_id = IdField()
    department_id = IdField()
    service_app_id = IdField()
    service_operation = IdField()

    class Meta:
        """A service once a release."""

        table = "service_import"
        app = "shimin"
        unique_together = (("release_id", "service_app_id", "service_operation"),)


async def insert_declared(
    unit: Unit,
    *,
    release_id: str,
    app_id: str,
    department_id: str,
    exports: Sequence[Export],
    imports: Sequence[Import],
) -> None:
    """Write what a release exports and imports; again writes the same."""
    await ServiceExportRow.filter(release_id=release_id).using_db(unit.orm).delete()
    await ServiceImportRow.filter(release_id=release_id).using_db(unit.orm).delete()
    for export in exports:
        await ServiceExportRow.create(
            using_db=unit.orm,
            id=f"{release_id}:{export.operation}",
            release_id=release_id,
            app_id=app_id,
            department_id=department_id,
            operation=export.operation,
            input=dict(export.input),
            output=dict(export.output),
        )
    for used in imports:
        await ServiceImportRow.create(
            using_db=unit.orm,
            id=f"{release_id}:{used.service}",
            release_id=release_id,
            app_id=app_id,
            department_id=department_id,
            service_app_id=used.service.app_id,
            service_operation=used.service.operation,
        )


async def find_export(reader: Reader, release_id: str, operation: str) -> Export | None:
    """Return what a release publishes of an operation."""
    row = await ServiceExportRow.get_or_none(release_id=release_id, operation=operation, using_db=reader.orm)
    return Export(row.operation, row.input, row.output) if row else None


async def is_imported(reader: Reader, release_id: str, service: ServiceName) -> bool:
    """Tell whether a release declares that it uses a service."""
    found = await reader.fetch_value(
        "SELECT 1 FROM service_import WHERE release_id = $1 AND service_app_id = $2 AND service_operation = $3",
        *(release_id, service.app_id, service.operation),
    )
    return found is not None
