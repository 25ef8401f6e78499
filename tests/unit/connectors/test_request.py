"""What a guest may ask of an origin: hostile spellings are refused, the rest is written in one way."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shimin.connectors import read_request
from shimin.connectors.request import BODY_BYTES_MAX, QUERY_PAIRS_MAX
from shimin.kit.refusal import InvalidInput


def read(**asked: Any) -> Any:
    return read_request(json.dumps({"path": "/v1", **asked}))


WRITTEN_ANEW = {
    "plain": ("/v1/people", "/v1/people"),
    "root": ("/", "/"),
    "a slash at the end": ("/v1/", "/v1/"),
    "letters beyond ASCII": ("/人员", "/%E4%BA%BA%E5%91%98"),
    "the same, escaped": ("/%e4%ba%ba%e5%91%98", "/%E4%BA%BA%E5%91%98"),
    "escaped for no reason": ("/%76%31", "/v1"),
    "a space": ("/a b", "/a%20b"),
    "marks that a segment may have": ("/a;b=1,2@c:d", "/a;b=1,2@c:d"),
    "a percent sign": ("/100%25", "/100%25"),
    "an escaped question mark": ("/a%3Fb", "/a%3Fb"),
    "three dots": ("/...", "/..."),
    "dots inside a name": ("/a..b", "/a..b"),
}


@pytest.mark.parametrize("case", WRITTEN_ANEW)
def test_a_path_is_written_anew(case: str) -> None:
    path, expected = WRITTEN_ANEW[case]
    assert read(path=path).target == expected


HOSTILE_PATHS = {
    "absolute form": "https://elsewhere.example/",
    "no slash": "v1",
    "nothing": "",
    "another authority": "//elsewhere.example/",
    "an empty segment": "/v1//people",
    "backslash": "/v1\\..\\admin",
    "dots": "/v1/../admin",
    "a dot": "/v1/./admin",
    "dots at the end": "/v1/..",
    "escaped dots": "/v1/%2e%2e/admin",
    "half escaped dots": "/v1/.%2E/admin",
    "dots escaped twice": "/v1/%252e%252e/admin",
    "dots escaped five times": "/v1/%2525252525" + "2e",
    "dots before a parameter": "/v1/..;a=b/admin",
    "an escaped slash": "/v1/a%2fb",
    "a slash escaped twice": "/v1/a%252Fb",
    "an escaped backslash": "/v1/a%5cb",
    "a fragment": "/v1#part",
    "a query": "/v1?a=b",
    "a line break": "/v1\r\nx-evil: 1",
    "an escaped line break": "/v1%0d%0ax-evil: 1",
    "a zero byte": "/v1%00",
    "a tab": "/v1\tHTTP/1.1",
    "half an escape": "/v1/%4",
    "an escape of nothing": "/v1/%zz",
    "bytes that are no UTF-8": "/v1/%ff",
    "overlong dots": "/v1/%c0%ae%c0%ae/",
    "a text direction": "/v1/\u202eabc",
    "half a surrogate pair": "/v1/\ud800",
    "too long": "/" + "a" * 2_000,
}


@pytest.mark.parametrize("case", HOSTILE_PATHS)
def test_a_hostile_path_is_refused(case: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(path=HOSTILE_PATHS[case])
    assert refused.value.field == "path"


HOSTILE: dict[str, tuple[str, dict[str, Any]]] = {
    "method of no list": ("method", {"method": "TRACE"}),
    "method in lower case": ("method", {"method": "get"}),
    "method with a line break": ("method", {"method": "GET / HTTP/1.1\r\nx: y"}),
    "connect": ("method", {"method": "CONNECT"}),
    "body of a question": ("body", {"method": "GET", "body": "{}"}),
    "body that is no text": ("body", {"method": "POST", "body": {"a": 1}}),
    "body too large": ("body", {"method": "POST", "body": "x" * (BODY_BYTES_MAX + 1)}),
    "body with half a surrogate pair": ("body", {"method": "POST", "body": "\ud800"}),
    "host": ("headers", {"headers": {"Host": "elsewhere.example"}}),
    "the secret's header": ("headers", {"headers": {"Authorization": "mine"}}),
    "forwarded": ("headers", {"headers": {"X-Forwarded-For": "127.0.0.1"}}),
    "cookies": ("headers", {"headers": {"Cookie": "a=b"}}),
    "length": ("headers", {"headers": {"Content-Length": "0"}}),
    "chunks": ("headers", {"headers": {"Transfer-Encoding": "chunked"}}),
    "line break in a value": ("headers", {"headers": {"accept": "a\r\nx-api-key: b"}}),
    "line break in a name": ("headers", {"headers": {"accept\r\nx": "b"}}),
    "space around a value": ("headers", {"headers": {"accept": " a"}}),
    "letters beyond ASCII in a value": ("headers", {"headers": {"accept": "中"}}),
    "one header twice": ("headers", {"headers": {"accept": "a", "Accept": "b"}}),
    "long value": ("headers", {"headers": {"accept": "a" * 501}}),
    "headers as a list": ("headers", {"headers": ["accept"]}),
    "query as a text": ("query", {"query": "a=b"}),
    "query of numbers": ("query", {"query": {"a": 1}}),
    "query with a line break": ("query", {"query": {"a": "b\r\n"}}),
    "query of many": ("query", {"query": {str(number): "" for number in range(QUERY_PAIRS_MAX + 1)}}),
    "query too long": ("query", {"query": {"a": "b" * 8_000}}),
    "member of no list": ("request", {"origin": "https://elsewhere.example"}),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_request_is_refused_by_its_member(case: str) -> None:
    member, asked = HOSTILE[case]
    with pytest.raises(InvalidInput) as refused:
        read(**asked)
    assert refused.value.field == member


@pytest.mark.parametrize("text", ["", "null", "[]", '"/v1"', "{", "{}", "[" * 100_000, '{"path": 1}', "NaN"])
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_request(text)


def test_a_whole_request_keeps_what_it_says() -> None:
    found = read(method="POST", query={"a b": "c&d=e", "人": "员"}, headers={"If-Match": '"v1"'}, body='{"name": "王"}')
    assert found.target == "/v1?a%20b=c%26d%3De&%E4%BA%BA=%E5%91%98"
    assert found.headers == {"if-match": '"v1"', "content-type": "application/json"}
    assert json.loads(found.body) == {"name": "王"}


@given(st.text(alphabet="/.%25ef;\\ab", max_size=40))
def test_no_spelling_of_a_path_climbs_or_breaks_the_line(tail: str) -> None:
    try:
        target = read(path=f"/{tail}").target
    except InvalidInput:
        return
    assert target.isascii()
    assert target.isprintable()
    assert not set(target) & set(" ?#\\")
    assert not {".", ".."} & {part.partition(";")[0] for part in target.split("/")}
