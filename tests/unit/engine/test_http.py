"""The endpoint follows GraphQL over HTTP, refuses early with a stable code, and lets nothing out."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from shimin.kit.call import ANONYMOUS, Actor, Call
from shimin.kit.ids import CitizenId
from shimin_graphql.context import Context
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.http import GraphQLEndpoint
from shimin_graphql.engine.run import Engine

MODERN = "application/graphql-response+json"
BODY_BYTES_MAX = 10_000


async def make_context(request: Request) -> Context:
    if request.headers.get("authorization") == "Bearer citizen":
        actor = Actor(kind="citizen", id="ctz_1", citizen_id=CitizenId("ctz_1"))
    else:
        actor = ANONYMOUS
    platform: Any = None
    return Context(call=Call(actor=actor, locale="en"), platform=platform)


def app(documents: Documents, *, texts_allowed: bool = True) -> Starlette:
    endpoint = GraphQLEndpoint(
        Engine(documents.schema, timeout_s=5, hide_suggestions=True, tier="stock"),
        documents,
        make_context,
        body_bytes_max=BODY_BYTES_MAX,
        texts_allowed=texts_allowed,
    )
    return Starlette(
        routes=[
            Route("/graphql", endpoint.handle, methods=["GET", "POST"]),
            Route("/stream", endpoint.stream, methods=["GET", "POST"]),
        ]
    )


@pytest.fixture
async def client(documents: Documents) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app(documents))
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        yield client


def code(response: httpx.Response) -> str:
    found: str = response.json()["errors"][0]["extensions"]["code"]
    return found


async def test_a_query_is_answered_in_the_modern_media_type(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": '{ hello(name: "n") }'})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(MODERN)
    assert response.json() == {"data": {"hello": "hello n"}}


@pytest.mark.parametrize("query", ["{", "{ nothing }", "{ hello(name: 5) }"])
async def test_a_request_error_is_400_without_data(client: httpx.AsyncClient, query: str) -> None:
    response = await client.post("/graphql", json={"query": query})
    assert response.status_code == 400
    assert "data" not in response.json()
    assert code(response) == "DOCUMENT_INVALID"
    assert response.json()["errors"][0]["locations"]


async def test_a_legacy_client_gets_its_errors_with_200(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ nothing }"}, headers={"accept": "application/json"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")


async def test_a_wrong_variable_is_a_request_error(client: httpx.AsyncClient) -> None:
    body = {"query": "query Q($n: String!) { hello(name: $n) }", "variables": {"n": [1]}}
    response = await client.post("/graphql", json=body)
    assert response.status_code == 400
    assert "data" not in response.json()


async def test_a_trusted_document_runs_by_id_on_post_and_get(client: httpx.AsyncClient, documents: Documents) -> None:
    document = documents.register("query H($n: String!) { hello(name: $n) }")
    posted = await client.post("/graphql", json={"documentId": document.id, "variables": {"n": "p"}})
    got = await client.get("/graphql", params={"documentId": document.id, "variables": '{"n":"g"}'})
    assert posted.json() == {"data": {"hello": "hello p"}}
    assert got.json() == {"data": {"hello": "hello g"}}


async def test_an_unknown_document_id_is_404(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"documentId": "sha256:" + "0" * 64})
    assert (response.status_code, code(response)) == (404, "DOCUMENT_UNKNOWN")


async def test_texts_are_refused_where_only_trusted_documents_run(documents: Documents) -> None:
    transport = httpx.ASGITransport(app(documents, texts_allowed=False))
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        response = await client.post("/graphql", json={"query": "{ hello }"})
    assert (response.status_code, code(response)) == (403, "DOCUMENTS_ONLY")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "expected"),
    [
        (b"{", "application/json", 400, "BODY_MALFORMED"),
        (b"[]", "application/json", 400, "BODY_MALFORMED"),
        (b"{}", "application/json", 400, "BODY_MALFORMED"),
        (b'{"query": 5}', "application/json", 400, "BODY_MALFORMED"),
        (b'{"query": "{hello}", "variables": []}', "application/json", 400, "BODY_MALFORMED"),
        ('{"query": "{hello}"}'.encode("utf-16"), "application/json", 400, "BODY_MALFORMED"),
        (b'{"query": "\\ud800"}', "application/json", 400, "BODY_MALFORMED"),
        (b'{"query":' + b"[" * 4_000 + b"]" * 4_000 + b"}", "application/json", 400, "BODY_MALFORMED"),
        (b" " * (BODY_BYTES_MAX + 1), "application/json", 413, "BODY_TOO_LARGE"),
        (b'{"query": "{hello}"}', "text/plain", 415, "MEDIA_TYPE_UNSUPPORTED"),
        (b'{"query": "{hello}"}', "application/json; charset=latin-1", 415, "MEDIA_TYPE_UNSUPPORTED"),
        (b"query={hello}", "application/x-www-form-urlencoded", 415, "MEDIA_TYPE_UNSUPPORTED"),
    ],
)
async def test_a_bad_body_is_refused_with_its_code(
    client: httpx.AsyncClient, body: bytes, content_type: str, status: int, expected: str
) -> None:
    response = await client.post("/graphql", content=body, headers={"content-type": content_type})
    assert (response.status_code, code(response)) == (status, expected)


async def test_a_body_that_hides_its_length_is_cut_off_at_the_limit(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1_000

    response = await client.post("/graphql", content=endless(), headers={"content-type": "application/json"})
    assert (response.status_code, code(response)) == (413, "BODY_TOO_LARGE")


async def test_a_mutation_cannot_be_sent_with_get(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql", params={"query": 'mutation { rename(input: {name: "x"}) { __typename } }'})
    assert (response.status_code, code(response)) == (405, "METHOD_NOT_ALLOWED")


async def test_a_caller_who_accepts_neither_media_type_is_told(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ hello }"}, headers={"accept": "text/html"})
    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")


async def test_a_bug_shows_its_trace_id_and_nothing_else(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ broken }"})
    assert code(response) == "INTERNAL"
    assert "hunter2" not in response.text
    assert response.json()["errors"][0]["extensions"]["params"]["trace_id"] == response.headers["x-trace-id"]


async def test_a_field_is_closed_to_whom_its_rule_does_not_name(client: httpx.AsyncClient) -> None:
    closed = await client.post("/graphql", json={"query": "{ account { balance } }"})
    opened = await client.post(
        "/graphql", json={"query": "{ account { balance } }"}, headers={"authorization": "Bearer citizen"}
    )
    assert code(closed) == "NOT_SIGNED_IN"
    assert closed.json()["data"] is None
    assert opened.json() == {"data": {"account": {"balance": 5}}}


async def test_a_mutations_refusal_is_data(client: httpx.AsyncClient) -> None:
    query = 'mutation { rename(input: {name: ""}) { __typename ... on InvalidInput { code field message } } }'
    response = await client.post("/graphql", json={"query": query})
    found = response.json()["data"]["rename"]
    assert (found["__typename"], found["code"], found["field"]) == ("InvalidInput", "INVALID_INPUT", "name")
    assert found["message"]


async def test_events_bring_the_response_and_say_when_they_end(client: httpx.AsyncClient) -> None:
    response = await client.post("/stream", json={"query": "{ hello }"}, headers={"accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream")
    events = [part for part in response.text.split("\n\n") if part and part != ":"]
    assert events == ['event: next\ndata: {"data":{"hello":"hello x"}}', "event: complete\ndata: "]
