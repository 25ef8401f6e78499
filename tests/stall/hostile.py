"""Requests that mean harm, each with the status and the code that refuse it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from shimin.demo.phone import document_text
from shimin.kit.digest import sha256_id

JSON = {"content-type": "application/json"}
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Hostile:
    """One request, and the refusal it gets."""

    status: int
    code: str
    body: bytes = b""
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    params: Mapping[str, str] = field(default_factory=dict)
    limit: str = ""
    """The limit that the refusal names, where it names one."""

    async def send(self, client: httpx.AsyncClient) -> httpx.Response:
        """Send it."""
        return await client.request(
            self.method, "/graphql", content=self.body, headers=dict(self.headers), params=dict(self.params)
        )


def body(status: int, code: str, content: bytes | str, **headers: str) -> Hostile:
    """Return a request of these bytes."""
    data = content if isinstance(content, bytes) else content.encode()
    return Hostile(
        status, code, data, headers={**JSON, **{key.replace("_", "-"): item for key, item in headers.items()}}
    )


def text(code: str, document: str, *, limit: str = "", **variables: object) -> Hostile:
    """Return a request that brings a document of its own."""
    content = json.dumps({"query": document, "variables": variables}).encode()
    return Hostile(400, code, content, limit=limit)


def costly(limit: str, document: str) -> Hostile:
    """Return a document beyond a limit."""
    return text("DOCUMENT_TOO_COSTLY", document, limit=limit)


def large(limit: str, value: object) -> Hostile:
    """Return a good document with a variable beyond a limit."""
    return text("VARIABLES_TOO_LARGE", "query($v: Int) { guides(first: $v) { __typename } }", limit=limit, v=value)


def trusted(code: str, name: str, *, limit: str = "", **variables: object) -> Hostile:
    """Return a request for a document of the mobile client, with these variables."""
    content = json.dumps({"documentId": sha256_id(document_text(name)), "variables": variables}).encode()
    return Hostile(400, code, content, limit=limit)


def get(status: int, code: str, **params: str) -> Hostile:
    """Return a request by GET."""
    return Hostile(status, code, method="GET", headers={}, params=params)


def many(written: str, count: int) -> str:
    """Write a text so many times, ``#`` standing for the number."""
    return " ".join(written.replace("#", str(number)) for number in range(count))


def fragments(count: int, written: str) -> str:
    """Write fragments F0, F1, … on Viewer; ``>`` stands for the next one's number."""
    return " ".join(
        f"fragment F{number} on Viewer {{ {written.replace('>', str((number + 1) % count))} }}"
        for number in range(count)
    )


ASKED = '{"query":"{ __typename }"}'
BODIES = {
    "a comment of a megabyte": body(413, "BODY_TOO_LARGE", ASKED.replace("{ _", "#" + "x" * MEGABYTE + "\\n{ _")),
    "an integer of a million digits": body(
        413, "BODY_TOO_LARGE", '{"query":"{a}","variables":{"v":' + "9" * MEGABYTE + "}}"
    ),
    "an integer of 200,000 digits": body(
        400, "BODY_MALFORMED", '{"query":"{a}","variables":{"v":' + "9" * 200_000 + "}}"
    ),
    "a number with a huge exponent": body(400, "BODY_MALFORMED", '{"query":"{a}","variables":{"v":1e999999}}'),
    "arrays 100,000 deep": body(400, "BODY_MALFORMED", "[" * 100_000),
    "arrays 65 deep": body(400, "BODY_MALFORMED", '{"query":"{a}","variables":{"v":' + "[" * 64 + "]" * 64 + "}}"),
    "objects 20,000 deep": body(400, "BODY_MALFORMED", '{"a":' * 20_000 + "1" + "}" * 20_000),
    "a member twice": body(400, "BODY_MALFORMED", '{"query":"{ viewer { id } }","query":"{ __typename }"}'),
    "a variable twice": body(400, "BODY_MALFORMED", '{"query":"{ __typename }","variables":{"v":1,"v":2}}'),
    "a lone surrogate": body(400, "BODY_MALFORMED", '{"query":"{ a(b: \\"\\ud800\\") }"}'),
    "UTF-16": body(400, "BODY_MALFORMED", ASKED.encode("utf-16")),
    "UTF-16 that says so": body(
        415, "MEDIA_TYPE_UNSUPPORTED", ASKED.encode("utf-16"), content_type="application/json; charset=utf-16"
    ),
    "a byte order mark": body(400, "BODY_MALFORMED", b"\xef\xbb\xbf" + ASKED.encode()),
    "bytes that are no UTF-8": body(400, "BODY_MALFORMED", b'{"query":"{ a\xff }"}'),
    "a null byte": body(400, "BODY_MALFORMED", b'{"query":"{ a\x00 }"}'),
    "10,000 operations in an array": body(400, "BODY_MALFORMED", "[" + ",".join(['{"query":"{a}"}'] * 10_000) + "]"),
    "an array of one": body(400, "BODY_MALFORMED", '[{"query":"{ __typename }"}]'),
    "half a body": body(400, "BODY_MALFORMED", '{"query":"{ __typename }"'),
    "nothing": body(400, "BODY_MALFORMED", ""),
    "a number": body(400, "BODY_MALFORMED", "1"),
    "a query that is a list": body(400, "BODY_MALFORMED", '{"query":["{ __typename }"]}'),
    "variables that are a list": body(400, "BODY_MALFORMED", '{"query":"{ __typename }","variables":[1]}'),
    "compressed": body(400, "BODY_MALFORMED", b"\x1f\x8b\x08\x00" + b"\x00" * 1_000, content_encoding="gzip"),
    "a form": body(
        415, "MEDIA_TYPE_UNSUPPORTED", "query={__typename}", content_type="application/x-www-form-urlencoded"
    ),
    "plain text": body(415, "MEDIA_TYPE_UNSUPPORTED", ASKED, content_type="text/plain"),
    "a multipart form": body(
        415, "MEDIA_TYPE_UNSUPPORTED", "--x\r\n\r\n--x--", content_type="multipart/form-data; boundary=x"
    ),
    "an accept header of 5,000 kinds": body(431, "HEADERS_TOO_LARGE", ASKED, accept="text/x," * 5_000),
}
"""Refused before a document is looked at."""

REQUESTS = {
    "a mutation by GET": get(405, "METHOD_NOT_ALLOWED", query="mutation { signOut { __typename } }"),
    "a subscription by GET": get(400, "SUBSCRIPTION_ELSEWHERE", query="subscription { messageArrived { id } }"),
    "a subscription by POST": Hostile(
        400, "SUBSCRIPTION_ELSEWHERE", b'{"query":"subscription { messageArrived { id } }"}'
    ),
    "a document by PUT": Hostile(405, "METHOD_NOT_ALLOWED", ASKED.encode(), method="PUT"),
    "variables in the address that are no JSON": get(400, "BODY_MALFORMED", query="{ __typename }", variables="{"),
    "deep variables in the address": get(400, "BODY_MALFORMED", query="{ __typename }", variables="[" * 2_000),
    "an unknown document": body(404, "DOCUMENT_UNKNOWN", json.dumps({"documentId": sha256_id("{ a }")})),
    "an altered document id": body(
        400, "DOCUMENT_ID_INVALID", json.dumps({"documentId": sha256_id("{ a }")[:-1] + "é"})
    ),
    "a document id of 200,000 characters": body(400, "DOCUMENT_ID_INVALID", json.dumps({"documentId": "a" * 200_000})),
}
"""Refused for how they are sent, or for what they name."""

PAYMENTS = "{ payments(first: $n) { edges { node { id } } } }"
DOCUMENTS = {
    "nothing in it": text("DOCUMENT_INVALID", ""),
    "spaces": text("DOCUMENT_INVALID", " " * 30_000),
    "an integer of 30,000 digits": costly("number_digits", "{ guides(first: " + "9" * 30_000 + ") { __typename } }"),
    "an integer of 200,000 digits": costly("text_chars", "{ guides(first: " + "9" * 200_000 + ") { __typename } }"),
    "a float of 30,000 digits": costly("number_digits", "{ guides(first: 0." + "9" * 30_000 + ") { __typename } }"),
    "an integer beyond 32 bits": text("DOCUMENT_INVALID", "{ guides(first: 4294967296) { __typename } }"),
    "5,000 aliases": costly("text_chars", "{" + many("a#:__typename", 5_000) + "}"),
    "1,000 aliases": costly("tokens", "{" + many("a#:__typename", 1_000) + "}"),
    "101 aliases": costly("aliases", "{ viewer {" + many("a#: id", 101) + "} }"),
    "one alias 5,000 times": costly("tokens", "{" + " a:id" * 5_000 + "}"),
    "31 root fields": costly("root_fields", "{" + " __typename" * 31 + "}"),
    "fragment doubling": costly(
        "fields", "{ viewer { ...F0 } }" + fragments(40, "...F> ...F>").replace("...F0 ...F0", "id")
    ),
    "a fragment cycle": text("DOCUMENT_INVALID", "{ viewer { ...F0 } }" + fragments(2, "id ...F>")),
    "a long fragment cycle": costly("comparisons", "{ viewer { ...F0 } }" + fragments(49, "id ...F>")),
    "cycles that meet": costly("fields", "{ viewer { ...F0 } }" + fragments(30, "...F> ...F>")),
    "51 fragments": costly("fragments", "{ viewer { id } }" + fragments(51, "id")),
    "fragments of one name": text("DOCUMENT_INVALID", "{ viewer { ...F } }" + many("fragment F on Viewer { id }", 50)),
    "fragments nobody spreads": text("DOCUMENT_INVALID", "{ viewer { id } }" + fragments(50, "id")),
    "101 inline fragments": costly("spreads", "{ viewer {" + "... on Viewer { id } " * 101 + "} }"),
    "lists in lists": costly(
        "cost", "{ __schema { types " + "{ fields { type " * 3 + "{ fields { name } }" + "} }" * 3 + " } }"
    ),
    "pages of pages": costly(
        "cost", "{" + many("p#: payments(first: 100) { edges { cursor node { id state } } }", 29) + "}"
    ),
    "a page of a billion": costly("cost", PAYMENTS.replace("$n", "999999999")),
    "a page of a billion by variable": text(
        "DOCUMENT_TOO_COSTLY", "query($n: Int)" + PAYMENTS, limit="cost", n=999_999_999
    ),
    "introspection 12 deep": costly(
        "cost", "{ __schema { types " + "{ fields { type " * 6 + "{ name }" + "} }" * 6 + " } }"
    ),
    "introspection 20 deep": costly(
        "depth", '{ __type(name: "Viewer") ' + "{ ofType " * 20 + "{ name }" + "}" * 20 + " }"
    ),
    "a directive flood": costly("directives", "{ __typename " + "@skip(if: false) " * 101 + "}"),
    "unknown directives": text("DOCUMENT_INVALID", "{ __typename " + many("@x#", 100) + "}"),
    "selections 5,000 deep": text("BODY_MALFORMED", "{ a" * 5_000),
    "selections 61 deep": costly("nesting", "{ a" * 61 + "}" * 61),
    "fields 16 deep": costly("depth", "{ guides { edges " + "{ node " * 15 + "{ id }" + "}" * 15 + "} }"),
    "a list literal of 101": costly(
        "list_items", "{ guides(filters: {themes: [" + '"a" ' * 101 + "]}) { __typename } }"
    ),
    "a huge list literal": costly("tokens", "{ guides(filters: [" + "1 " * 10_000 + "]) { __typename } }"),
    "list literals 21 deep": costly("value_depth", "{ guides(filters: " + "[" * 21 + "]" * 21 + ") { __typename } }"),
    "list literals 5,000 deep": text("BODY_MALFORMED", "{ guides(filters: " + "[" * 5_000),
    "an object literal of 101": costly(
        "object_members", "{ guides(filters: {" + many("a#: 1", 101) + "}) { __typename } }"
    ),
    "100 operations": costly("operations", many("query Q# { __typename }", 100)),
    "operations of one name": text("DOCUMENT_INVALID", many("query Q { __typename }", 10)),
    "51 variables": costly("variables", "query(" + many("$v#: Int", 51) + ") { __typename }"),
    "variables nobody uses": text("DOCUMENT_INVALID", "query(" + many("$v#: Int", 50) + ") { __typename }"),
    "variables nobody declares": text("DOCUMENT_INVALID", "{" + many("guides(first: $v#) { __typename }", 29) + "}"),
    "201 arguments": costly("arguments", "{ guides(" + many("a#: 1", 201) + ") { __typename } }"),
    "fields that overlap": costly("comparisons", "{ viewer {" + " name" * 700 + "} }"),
    "fields that conflict": text("DOCUMENT_INVALID", "{ viewer {" + many("a#: name a#: id", 49) + "} }"),
    "fields that conflict below": text(
        "DOCUMENT_INVALID", "{ a: viewer {" + many("x#: name", 48) + "} a: viewer {" + many("x#: id", 48) + "} }"
    ),
    "fields nobody knows": text("DOCUMENT_INVALID", "{ viewer {" + many("x#", 780) + "} }"),
    "a field nearly right": text("DOCUMENT_INVALID", "{ viewers { id } }"),
    "a string of 10,001 characters": costly("string_chars", '{ guide(code: "' + "x" * 10_001 + '") { code } }'),
    "a block string flood": costly("lines", '{ guide(code: """' + "\n x" * 5_000 + '""") { code } }'),
    "a string that never ends": text("DOCUMENT_INVALID", '{ guide(code: "' + "x" * 30_000),
    "escapes of surrogates": text("DOCUMENT_INVALID", '{ guide(code: "' + "\\ud800" * 4_000 + '") { code } }'),
    "escapes beyond Unicode": text("DOCUMENT_INVALID", '{ guide(code: "' + "\\u{FFFFFFFFFF}" * 2_000 + '") { code } }'),
    "20,000 lines": costly("lines", "\n" * 20_000 + "{ x }"),
    "10,000 comments": costly("lines", "#\n" * 10_000 + "{ __typename }"),
    "2,000 comments": costly("tokens", "#\r" * 1_999 + "{ __typename }"),
    "definitions of types": text("DOCUMENT_INVALID", many("type T# { a: Int }", 250)),
    "a type of 50 lists": text("DOCUMENT_INVALID", "query($v: " + "[" * 50 + "Int" + "]" * 50 + ") { __typename }"),
}
"""Refused for what the document holds."""

VARIABLES = {
    "a list of 101": large("list_items", [1] * 101),
    "100 lists of 100": large("values", [[1] * 100] * 100),
    "lists 21 deep": large("value_depth", json.loads("[" * 21 + "]" * 21)),
    "an object of 101": large("object_members", {f"a{number}": 1 for number in range(101)}),
    "a string of 200,000 characters": large("string_chars", "x" * 200_000),
    "a wrong type for a trusted document": trusted("DOCUMENT_INVALID", "inbox", first="ten"),
    "an object for a trusted document": trusted("DOCUMENT_INVALID", "search_guides", query={"a": 1}),
    "a number beyond 32 bits for a trusted document": trusted("DOCUMENT_INVALID", "inbox", first=2**31),
    "a long list for a trusted document": trusted("VARIABLES_TOO_LARGE", "inbox", limit="list_items", first=[1] * 101),
    "a name of 200,000 characters": large("string_chars", {"x" * 200_000: 1}),
    "10,000 names": text(
        "VARIABLES_TOO_LARGE", "{ __typename }", limit="object_members", **{f"v{number}": 1 for number in range(10_000)}
    ),
}
"""Refused for the variables, whatever the document."""

HOSTILE = {
    f"{kind}: {name}": case
    for kind, cases in (("body", BODIES), ("request", REQUESTS), ("document", DOCUMENTS), ("variables", VARIABLES))
    for name, case in cases.items()
}
