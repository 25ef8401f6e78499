"""Origins that may be declared, secrets that may be sent, paths as they are kept."""

import pytest

from shimin.connectors import (
    ConnectorInvalid,
    ConnectorSecretInvalid,
    DeclaredConnector,
    SetSecret,
    check_declared,
    connector_id,
)
from shimin.connectors.model import CONNECTORS_MAX, path_template

SECRET = "Bearer of-the-department"


@pytest.mark.parametrize(
    "origin", ["https://api.hrss.example", "https://api.hrss.example:8443", "https://xn--fiq228c.example"]
)
def test_a_public_origin_may_be_declared(origin: str) -> None:
    DeclaredConnector("hrss", origin).check()


BAD_ORIGINS = (
    *("", "https://", "http://api.hrss.example", "ftp://api.hrss.example", "//api.hrss.example", "api.hrss.example"),
    *("https://api.hrss.example/", "https://api.hrss.example/v1", "https://api.hrss.example?a", "https://a.example#b"),
    *("https://me@api.hrss.example", "https://me:pw@api.hrss.example", "https://api.hrss.example:443"),
    *("https://api.hrss.example:0", "https://api.hrss.example:65536", "https://api.hrss.example:", "HTTPS://a.example"),
    *("https://API.hrss.example", "https://api.hrss.example.", "https://api..example", "https://-a.example"),
    *("https://a-.example", "https://a_b.example", "https://api.hrss.exämple", "https://政务.example"),
    *("https://10.0.0.1", "https://127.0.0.1", "https://8.8.8.8", "https://127.1", "https://0x7f.1", "https://[::1]"),
    *("https://2130706433", "https://0x7f000001", "https://1.0x7f", "https://[::ffff:8.8.8.8]", "https://localhost"),
    *("https://a.localhost", "https://printer.local", "https://db.internal", "https://a.home.arpa", "https://a.onion"),
    *(f"https://{'a' * 64}.example", "https://a.example\r\nhost: b", "https://a.example ", "https://a.example:8443a"),
)


@pytest.mark.parametrize("origin", BAD_ORIGINS)
def test_any_other_origin_is_refused(origin: str) -> None:
    with pytest.raises(ConnectorInvalid):
        DeclaredConnector("hrss", origin).check()


def test_a_name_stands_once_and_there_are_few() -> None:
    one = DeclaredConnector("hrss", "https://a.example")
    with pytest.raises(ConnectorInvalid):
        check_declared([one, DeclaredConnector("hrss", "https://b.example")])
    with pytest.raises(ConnectorInvalid):
        check_declared([DeclaredConnector(f"c{number}", "https://a.example") for number in range(CONNECTORS_MAX + 1)])


def test_app_name_and_origin_together_are_the_connector() -> None:
    ids = {connector_id(app, name, f"https://{host}.example") for app in "ab" for name in "ab" for host in "ab"}
    assert len(ids) == 8


@pytest.mark.parametrize("header", ["authorization", "api-key", "apikey", "x-api-key", "x-department"])
def test_a_secret_goes_in_a_header_of_its_own(header: str) -> None:
    SetSecret("c", header, SECRET).check()


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        *(
            (name, SECRET)
            for name in ("", "host", "Authorization", "cookie", "content-length", "x-", "x-forwarded-for")
        ),
        *((name, SECRET) for name in ("x-a\r\nb", "x-real-ip", "accept", "x-http-method-override", "x-original-url")),
        *(("x-api-key", text) for text in ("", "short", "x" * 2_001, "with\r\nbreak-and-more", " leading-space-here")),
        *(
            ("x-api-key", text)
            for text in ("trailing-space-here ", "letters-beyond-ASCII-é", "with\ttab-and-more-text")
        ),
    ],
)
def test_what_cannot_be_sent_is_refused_and_never_repeated(header: str, secret: str) -> None:
    with pytest.raises(ConnectorSecretInvalid) as refused:
        SetSecret("c", header, secret).check()
    assert len(secret) < 6 or secret not in str(refused.value)
    assert SECRET not in repr(SetSecret("c", header, SECRET))


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/v1/people/440100199001011234?name=x", "/v1/people/{}"),
        ("/v12/social-insurance/overview", "/v12/social-insurance/overview"),
        ("/people/%E7%8E%8B/bills/B-7", "/people/{}/bills/{}"),
        ("/people/Wang/a1", "/people/{}/{}"),
        ("/", "/"),
        ("/v1/", "/v1/"),
        ("/" + "a" * 500, "/" + "a" * 199),
    ],
)
def test_a_kept_path_has_words_and_no_values(target: str, kept: str) -> None:
    assert path_template(target) == kept
