"""Making known what a release exports and imports."""

from collections.abc import Sequence

from shimin import consent
from shimin.consent import DocumentTerms
from shimin.db import Unit
from shimin.exchange import rows
from shimin.exchange.contract import need_schema
from shimin.exchange.model import SCOPE, Export, Import, ServiceName, check_declarations
from shimin.kit.clock import Clock
from shimin.kit.ids import DepartmentId


async def declare(
    unit: Unit,
    *,
    release_id: str,
    app_id: str,
    department_id: DepartmentId,
    exports: Sequence[Export],
    imports: Sequence[Import],
    clock: Clock,
) -> None:
    """Keep what a checked package declares; citizens can be asked for consent to each import from now on.

    Raises:
        ServiceDeclarationInvalid: see ``need_declarations``.
        InvalidInput: an import's purpose lacks words in a locale.
    """
    need_declarations(app_id, exports, imports)
    await rows.insert_declared(
        unit, release_id=release_id, app_id=app_id, department_id=department_id, exports=exports, imports=imports
    )
    terms = [
        DocumentTerms(
            document_id=item.service.document_id,
            name=item.service.document_name,
            scopes=(SCOPE,),
            purpose=item.purpose,
            retention=item.retention,
        )
        for item in imports
    ]
    await consent.register_documents(unit, release_id=release_id, app_id=app_id, documents=terms, clock=clock)


def need_declarations(app_id: str, exports: Sequence[Export], imports: Sequence[Import]) -> None:
    """Go on only for exports and imports that a release may have.

    Raises:
        ServiceDeclarationInvalid: a name or schema cannot be taken, stands twice, is the mini-app's own, or too many.
    """
    check_declarations(app_id, exports, imports)
    for export in exports:
        for schema in (export.input, export.output):
            need_schema(str(ServiceName(app_id, export.operation)), schema)
