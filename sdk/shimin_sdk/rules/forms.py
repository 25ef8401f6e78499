"""Rule: a form has the shape that phones draw, and is sent to an operation that exists."""

from collections.abc import Iterator

from shimin_sdk.findings import Finding
from shimin_sdk.pack.manifest import findings_of, line_of
from shimin_sdk.pack.package import Package
from shimin_sdk.pack.validate import schema
from shimin_sdk.rules.sources import operations_of


def forms_are_whole(package: Package) -> Iterator[Finding]:
    """Find forms of another shape than the schema's, and forms for an operation that the server lacks."""
    operations = operations_of(package)
    for form, definition in package.forms.items():
        name = f"forms/{form}.json"
        yield from findings_of("E_FORM", name, package.files[name], schema("form").problems(definition))
        operation = definition.get("operation")
        if isinstance(operation, str) and operation not in operations:
            text = package.files[name].decode("utf-8", "replace")
            yield Finding("E_FORM_OPERATION", name, line_of(text, "operation"), {"operation": operation[:64]})
