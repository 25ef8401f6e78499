"""The endpoint follows GraphQL over HTTP, refuses early with a stable code, and lets nothing out."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from shimin.kit.call import ANONYMOUS, Actor, Call
from shimin.kit.ids import CitizenId
from shimin_graphql.context import Context
from shimin_graphql.engine.documents import Documents
from shimin_graphql.engine.events import EventsEndpoint
from shimin_graphql.engine.headers import Headers
from shimin_graphql.engine.http import GraphQLEndpoint
from shimin_graphql.engine.intake import Intake
from shimin_graphql.engine.origin import Origins
from shimin_graphql.engine.run import Engine
from shimin_graphql.engine.seats import Seats

MODERN = "application/graphql-response+json"
BODY_BYTES_MAX = 10_000


async def make_context(headers: Headers) -> Context:
    if headers.get(b"authorization") == b"Bearer citizen":
        actor = Actor(kind="citizen", id="ctz_1", citizen_id=CitizenId("ctz_1"))
    else:
        actor = ANONYMOUS
    platform: Any = None
    return Context(call=Call(actor=actor, locale="en"), platform=platform)


def app(documents: Documents, *, texts_allowed: bool = True) -> Starlette:
    intake = Intake(
        documents,
        make_context,
        Origins(own=["http://t"], web=["https://portal.example"]),
        body_bytes_max=BODY_BYTES_MAX,
        texts_allowed=texts_allowed,
    )
    engine = Engine(documents.schema, timeout_s=5, hide_suggestions=True, tier="batched")
    return Starlette(
        routes=[
            Route("/graphql", GraphQLEndpoint(engine, intake)),
            Route("/stream", EventsEndpoint(engine, intake, Seats(streams_per_caller_max=2))),
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


# ---- GraphQL over HTTP, clause by clause -----------------------------------------------------------------------------

MISSING = {"query": "query($n:String!){hello(name:$n)}"}
WRONG = {**MISSING, "variables": {"n": [1]}}
NULLS = {"query": "{ hello }", "variables": None, "operationName": None, "extensions": None}
HELLO = '{"query":"{ hello }"}'
JSON = {"content-type": "application/json"}
LEGACY = "application/json"
OLD = {**JSON, "accept": LEGACY}
RENAME = "?query=mutation{rename(input:{name:%22x%22}){__typename}}"


def accepting(value: str) -> dict[str, str]:
    return {**JSON, "accept": value}


def text(query: str, **members: object) -> str:
    return orjson.dumps({"query": query, **members}).decode()


def texts(members: dict[str, Any]) -> str:
    return orjson.dumps(members).decode()


@pytest.mark.parametrize(
    ("section", "method", "target", "headers", "body", "status", "media"),
    [
        ("4.1 a server accepts POST", "POST", "", JSON, HELLO, 200, MODERN),
        ("4.1 other methods are 405", "PUT", "", JSON, HELLO, 405, MODERN),
        ("4.1 GET may run queries", "GET", "?query={hello}", {}, "", 200, MODERN),
        ("4.2 UTF-8", "POST", "", {"content-type": "application/json; charset=utf-8"}, HELLO, 200, MODERN),
        ("5.1 unknown members are ignored", "POST", "", JSON, text("{ hello }", x=1), 200, MODERN),
        ("5.1 null members are absent", "POST", "", JSON, texts(NULLS), 200, MODERN),
        ("5.1 extensions is a map", "POST", "", JSON, text("{ hello }", extensions=5), 400, MODERN),
        ("5.1 operationName is a string", "POST", "", JSON, text("{ hello }", operationName={}), 400, MODERN),
        ("5.2 no Accept", "POST", "", accepting(""), HELLO, 200, MODERN),
        ("5.2 Accept anything", "POST", "", accepting("*/*"), HELLO, 200, MODERN),
        ("5.2 Accept with a charset", "POST", "", accepting("application/json; charset=utf-8"), HELLO, 200, LEGACY),
        ("5.2 weights decide", "POST", "", accepting(f"{LEGACY};q=0.9, {MODERN};q=0.1"), HELLO, 200, LEGACY),
        ("5.2 a weight of 0 excludes", "POST", "", accepting(f"{LEGACY};q=0, */*;q=0.1"), HELLO, 200, MODERN),
        ("5.2 nothing acceptable is 406", "POST", "", accepting("text/html"), HELLO, 406, MODERN),
        ("5.3 an empty parameter is absent", "GET", "?query={hello}&operationName=", {}, "", 200, MODERN),
        ("5.3 variables are JSON", "GET", "?query={hello}&variables={", {}, "", 400, MODERN),
        ("5.3 GET runs no mutation", "GET", RENAME, {}, "", 405, MODERN),
        ("5.4 POST needs a content type", "POST", "", {}, HELLO, 415, MODERN),
        ("5.4 POST takes JSON alone", "POST", "", {"content-type": "text/plain"}, HELLO, 415, MODERN),
        ("6.4.1 legacy: no JSON is 400", "POST", "", OLD, "NONE", 400, LEGACY),
        ("6.4.1 legacy: nothing to run is 400", "POST", "", OLD, "{}", 400, LEGACY),
        ("6.4.1 legacy: a syntax error is 200", "POST", "", OLD, text("{"), 200, LEGACY),
        ("6.4.1 legacy: an unknown field is 200", "POST", "", OLD, text("{ no }"), 200, LEGACY),
        ("6.4.1 legacy: a wrong variable is 200", "POST", "", OLD, texts(WRONG), 200, LEGACY),
        ("6.4.1 legacy: a failed field is 200", "POST", "", OLD, text("{ broken }"), 200, LEGACY),
        ("6.4.2 no JSON is 400", "POST", "", JSON, "NONE", 400, MODERN),
        ("6.4.2 a syntax error is 400", "POST", "", JSON, text("{"), 400, MODERN),
        ("6.4.2 an unknown field is 400", "POST", "", JSON, text("{ no }"), 400, MODERN),
        ("6.4.2 no such operation is 400", "POST", "", JSON, text("query A { hello }", operationName="B"), 400, MODERN),
        ("6.4.2 a missing variable is 400", "POST", "", JSON, texts(MISSING), 400, MODERN),
        ("6.4.2 partial data is 200", "POST", "", JSON, text("{ ok: hello account { balance } }"), 200, MODERN),
    ],
)
async def test_a_clause_of_graphql_over_http(
    client: httpx.AsyncClient,
    section: str,
    method: str,
    target: str,
    headers: dict[str, str],
    body: str,
    status: int,
    media: str,
) -> None:
    request = client.build_request(method, f"/graphql{target}", content=body or None)
    for name in ("accept", "content-type"):
        request.headers.pop(name, None)
    request.headers.update(headers)
    response = await client.send(request)
    assert (response.status_code, response.headers["content-type"]) == (status, f"{media}; charset=utf-8"), section
    found = response.json()
    assert found.keys() <= {"data", "errors", "extensions"}, section
    assert (status == 200) or "data" not in found, section
    if status == 405:
        assert "POST" in response.headers["allow"]


async def test_head_says_what_get_would_say_without_the_body(client: httpx.AsyncClient) -> None:
    got = await client.get("/graphql", params={"query": "{ hello }"})
    head = await client.head("/graphql", params={"query": "{ hello }"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.content))


@pytest.mark.parametrize("name", ["nosniff", "no-store", "accept, accept-language, origin"])
async def test_every_answer_carries_the_headers_that_keep_it_safe(client: httpx.AsyncClient, name: str) -> None:
    for response in (
        await client.post("/graphql", json={"query": "{ hello }"}),
        await client.post("/graphql", json={"query": "{"}),
        await client.post("/graphql", content=b"{"),
    ):
        assert name in response.headers.values()


# ---- keeping answers -------------------------------------------------------------------------------------------------


async def test_an_answer_that_has_not_changed_is_not_sent_again(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    document = documents.register("query H($n: String!) { hello(name: $n) }")
    first = await client.get("/graphql", params={"documentId": document.id, "variables": '{"n":"g"}'})
    tag = first.headers["etag"]
    same = await client.get(
        "/graphql", params={"documentId": document.id, "variables": '{"n":"g"}'}, headers={"if-none-match": tag}
    )
    other = await client.get(
        "/graphql", params={"documentId": document.id, "variables": '{"n":"h"}'}, headers={"if-none-match": tag}
    )
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert "content-type" not in same.headers
    assert (other.status_code, other.headers["etag"] != tag) == (200, True)


async def test_an_answer_to_somebody_signed_in_is_stored_by_nobody_between(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    document = documents.register("{ account { balance } }")
    mine = await client.get("/graphql", params={"documentId": document.id}, headers={"authorization": "Bearer citizen"})
    assert mine.headers["cache-control"] == "private, no-store"
    failed = await client.get("/graphql", params={"documentId": "sha256:" + "0" * 64})
    assert (failed.headers["cache-control"], failed.headers.get("etag")) == ("no-store", None)


# ---- forged requests -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/graphql", "/stream"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://t.evil.example", "https://t"])
async def test_a_page_of_another_site_cannot_ask(client: httpx.AsyncClient, path: str, origin: str) -> None:
    response = await client.post(path, json={"query": "{ hello }"}, headers={"origin": origin})
    assert (response.status_code, code(response)) == (403, "ORIGIN_NOT_ALLOWED")
    assert "access-control-allow-origin" not in response.headers


async def test_a_page_of_a_known_site_may_ask_and_read(client: httpx.AsyncClient) -> None:
    origin = {"origin": "https://portal.example"}
    asked = await client.options("/graphql", headers={**origin, "access-control-request-method": "POST"})
    response = await client.post("/graphql", json={"query": "{ hello }"}, headers=origin)
    own = await client.post("/graphql", json={"query": "{ hello }"}, headers={"origin": "http://t"})
    assert (asked.status_code, asked.headers["access-control-allow-methods"]) == (204, "GET, HEAD, POST")
    assert response.headers["access-control-allow-origin"] == "https://portal.example"
    assert (own.status_code, own.headers.get("access-control-allow-origin")) == (200, None)


# ---- the edge --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"query":"{ hello }","query":"{ broken }"}', "BODY_MALFORMED"),
        (b'{"query":"{ hello }","variables":{"a":1,"a":2}}', "BODY_MALFORMED"),
        (b'{"query":"{ hello }","variables":{"a":' + b"9" * 9_000 + b"}}", "BODY_MALFORMED"),
        (b"[" + b'{"query":"{ hello }"},' * 400 + b'{"query":"{ hello }"}]', "BODY_MALFORMED"),
        (b"\xef\xbb\xbf" + HELLO.encode(), "BODY_MALFORMED"),
        (b'{"query":"{ hello }","variables":{"n":NaN}}', "BODY_MALFORMED"),
        (b'{"query":"{ hello }"', "BODY_MALFORMED"),
        (b'{"documentId":"sha256:x","query":5}', "BODY_MALFORMED"),
    ],
)
async def test_a_body_that_two_readers_could_read_differently_is_refused(
    client: httpx.AsyncClient, body: bytes, expected: str
) -> None:
    response = await client.post("/graphql", content=body, headers=JSON)
    assert (response.status_code, code(response)) == (400, expected)


@pytest.mark.parametrize(
    ("headers", "status", "expected"),
    [
        ([("authorization", "Bearer a"), ("authorization", "Bearer b")], 400, "HEADER_MALFORMED"),
        ([(f"x-{n}", "v") for n in range(101)], 431, "HEADERS_TOO_LARGE"),
        ([("x-long", "v" * 40_000)], 431, "HEADERS_TOO_LARGE"),
        ([("content-length", "twelve")], 400, "HEADER_MALFORMED"),
        ([("content-length", "9" * 30)], 413, "BODY_TOO_LARGE"),
    ],
)
async def test_odd_headers_are_refused(
    client: httpx.AsyncClient, headers: list[tuple[str, str]], status: int, expected: str
) -> None:
    request = client.build_request("POST", "/graphql", content=HELLO)
    request.headers = httpx.Headers([*headers, ("content-type", "application/json")])
    response = await client.send(request)
    assert (response.status_code, code(response)) == (status, expected)


async def test_an_address_longer_than_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql", params={"query": "{ hello }" + " " * 20_000})
    assert (response.status_code, code(response)) == (414, "URL_TOO_LONG")
