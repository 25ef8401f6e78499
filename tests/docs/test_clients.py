"""The committed clients say what the operations and the schema say."""

import clients
from install import ROOT
from shimin_client import operations
from shimin_graphql.engine.documents import Documents
from shimin_graphql.schema import schema


def test_the_clients_are_fresh() -> None:
    old = clients.stale(clients.written())
    assert [str(path.relative_to(ROOT)) for path in old] == [], "run: make clients"


def test_every_operation_of_the_client_is_one_that_the_platform_trusts() -> None:
    trusted = {document.id for document in Documents(schema._schema).register_client()}
    assert {getattr(operations, name).OPERATION.document_id for name in operations.__all__} == trusted
