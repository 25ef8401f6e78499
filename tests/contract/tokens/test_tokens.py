"""The tokens port: what is issued is accepted, and nothing else whatsoever is."""

import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from shimin.adapters.jwt_tokens import JwtTokens, KeyFileUnsafe, KeyFolder
from shimin.kit.clock import FixedClock
from shimin.ports.tokens import TokenExpired, TokenInvalid

ISSUER = "https://shimin.example"
NOW = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)


class Bench:
    """The platform's tokens, and an attacker's workshop that knows everything but the keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock(NOW)
        self.keys = KeyFolder(folder)
        self.tokens = JwtTokens(self.keys, issuer=ISSUER, clock=self.clock)
        self.key = self.keys.signer.private
        self.kid = self.keys.signer.kid
        self.good = self.tokens.issue(subject="ctz_1", session_id="ses_1").text

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Return good claims with some replaced; None leaves one out."""
        base = {
            "iss": ISSUER,
            "aud": "shimin",
            "sub": "ctz_1",
            "sid": "ses_1",
            "jti": "tok_1",
            "iat": int(NOW.timestamp()),
            "exp": int(NOW.timestamp()) + 600,
        }
        return {name: value for name, value in {**base, **changed}.items() if value is not None}

    def forge(
        self, payload: bytes | None = None, header: bytes | None = None, key: ec.EllipticCurvePrivateKey | None = None
    ) -> str:
        """Sign exactly these bytes, with the platform's own key by default: only the gate is left to refuse them."""
        head = header if header is not None else self.header()
        body = payload if payload is not None else json.dumps(self.claims()).encode()
        signed = f"{b64(head)}.{b64(body)}".encode()
        signature = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(signed, key or self.key)
        return f"{signed.decode()}.{b64(signature)}"

    def header(self, **changed: Any) -> bytes:
        """Return a good header with some members replaced; None leaves one out."""
        members = {"alg": "ES256", "typ": "at+jwt", "kid": self.kid, **changed}
        return json.dumps({name: value for name, value in members.items() if value is not None}).encode()

    def with_claims(self, **changed: Any) -> str:
        """Return a correctly signed token with these claims."""
        return self.forge(json.dumps(self.claims(**changed)).encode())


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "keys")


def public_pem(bench: Bench) -> bytes:
    return bench.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def hs256_with_public_key(bench: Bench) -> str:
    """Sign with HMAC, the published public key as its secret (the classic algorithm confusion)."""
    signed = f"{b64(bench.header(alg='HS256'))}.{b64(json.dumps(bench.claims()).encode())}"
    return f"{signed}.{b64(hmac.digest(public_pem(bench), signed.encode(), hashlib.sha256))}"


def rs256(bench: Bench) -> str:
    key = rsa.generate_private_key(65537, 2048)
    return jwt.encode(bench.claims(), key, algorithm="RS256", headers={"typ": "at+jwt", "kid": bench.kid})


def embedded_key(bench: Bench) -> str:
    """Bring a key along in the header and sign with it."""
    mine = ec.generate_private_key(ec.SECP256R1())
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(mine.public_key()))
    return bench.forge(header=bench.header(jwk=jwk), key=mine)


def tampered(bench: Bench) -> str:
    head, _, signature = bench.good.split(".")
    return f"{head}.{b64(json.dumps(bench.claims(sub='ctz_2')).encode())}.{signature}"


def second_writing(bench: Bench) -> str:
    """Write the same signature bytes another way: base64url leaves four bits of the last character unused."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return bench.good[:-1] + alphabet[alphabet.index(bench.good[-1]) + 1]


NOW_S = int(NOW.timestamp())
HOSTILE: dict[str, Callable[[Bench], str]] = {
    "empty": lambda _: "",
    "one part": lambda _: "abc",
    "four parts": lambda b: f"{b.good}.x",
    "five parts, as JWE has": lambda b: f"{b.good}.x.y",
    "no signature": lambda b: b.good.rpartition(".")[0] + ".",
    "alg none": lambda b: f"{b64(b.header(alg='none'))}.{b64(json.dumps(b.claims()).encode())}.",
    "alg None with signature": lambda b: b.forge(header=b.header(alg="None")),
    "alg HS256 with the public key": hs256_with_public_key,
    "alg RS256": rs256,
    "alg ES384 named": lambda b: b.forge(header=b.header(alg="ES384")),
    "alg es256 in lower case": lambda b: b.forge(header=b.header(alg="es256")),
    "alg missing": lambda b: b.forge(header=b.header(alg=None)),
    "alg as a list": lambda b: b.forge(header=b.header(alg=["ES256"])),
    "somebody else's key": lambda b: b.forge(key=ec.generate_private_key(ec.SECP256R1())),
    "key brought along (jwk)": embedded_key,
    "key by address (jku)": lambda b: b.forge(header=b.header(jku="https://evil.example/jwks")),
    "certificate by address (x5u)": lambda b: b.forge(header=b.header(x5u="https://evil.example/c.pem")),
    "critical extension": lambda b: b.forge(header=b.header(crit=["exp"])),
    "unencoded payload (b64)": lambda b: b.forge(header=b.header(b64=False, crit=["b64"])),
    "kid unknown": lambda b: b.forge(header=b.header(kid="other")),
    "kid missing": lambda b: b.forge(header=b.header(kid=None)),
    "kid climbing": lambda b: b.forge(header=b.header(kid="../../etc/passwd")),
    "kid a number": lambda b: b.forge(header=b.header(kid=1)),
    "typ JWT": lambda b: b.forge(header=b.header(typ="JWT")),
    "typ missing": lambda b: b.forge(header=b.header(typ=None)),
    "typ of an ID token": lambda b: b.forge(header=b.header(typ="id+jwt")),
    "header member twice": lambda b: b.forge(header=b.header()[:-1] + b', "alg": "ES256"}'),
    "header no JSON": lambda b: b.forge(header=b"{"),
    "header an array": lambda b: b.forge(header=b"[]"),
    "payload no JSON": lambda b: b.forge(b"{"),
    "payload an array": lambda b: b.forge(b"[]"),
    "payload a string": lambda b: b.forge(b'"x"'),
    "payload not UTF-8": lambda b: b.forge(b'{"sub": "\xff"}'),
    "payload deeply nested": lambda b: b.forge(b"[" * 1500),
    "claim twice": lambda b: b.forge(json.dumps(b.claims()).encode()[:-1] + b', "sub": "ctz_2"}'),
    "claim unknown": lambda b: b.with_claims(admin=True),
    "exp missing": lambda b: b.with_claims(exp=None),
    "exp a string": lambda b: b.with_claims(exp=str(NOW_S + 600)),
    "exp a float": lambda b: b.with_claims(exp=NOW_S + 599.5),
    "exp a boolean": lambda b: b.with_claims(exp=True),
    "exp infinite": lambda b: b.forge(json.dumps(b.claims(exp=float("inf"))).encode()),
    "exp not a number": lambda b: b.forge(json.dumps(b.claims(exp=float("nan"))).encode()),
    "exp beyond all calendars": lambda b: b.with_claims(exp=10**30),
    "exp later than our tokens live": lambda b: b.with_claims(exp=NOW_S + 601),
    "exp before iat": lambda b: b.with_claims(iat=NOW_S, exp=NOW_S - 1),
    "iat missing": lambda b: b.with_claims(iat=None),
    "iat a string": lambda b: b.with_claims(iat=str(NOW_S)),
    "iat in the future": lambda b: b.with_claims(iat=NOW_S + 31, exp=NOW_S + 300),
    "iat negative": lambda b: b.with_claims(iat=-1),
    "sub missing": lambda b: b.with_claims(sub=None),
    "sub empty": lambda b: b.with_claims(sub=""),
    "sub a number": lambda b: b.with_claims(sub=1),
    "sub endless": lambda b: b.with_claims(sub="x" * 129),
    "sid missing": lambda b: b.with_claims(sid=None),
    "sid a list": lambda b: b.with_claims(sid=["ses_1"]),
    "jti missing": lambda b: b.with_claims(jti=None),
    "aud missing": lambda b: b.with_claims(aud=None),
    "aud another": lambda b: b.with_claims(aud="department"),
    "aud a list with ours": lambda b: b.with_claims(aud=["department", "shimin"]),
    "iss missing": lambda b: b.with_claims(iss=None),
    "iss another": lambda b: b.with_claims(iss="https://evil.example"),
    "iss with a slash": lambda b: b.with_claims(iss=ISSUER + "/"),
    "payload changed": tampered,
    "signature cut": lambda b: b.good[:-4],
    "signature of zeros": lambda b: b.good.rpartition(".")[0] + "." + b64(bytes(64)),
    "signature in DER": lambda b: b.good.rpartition(".")[0] + "." + b64(b.key.sign(b"x", ec.ECDSA(_sha256()))),
    "signature written another way": second_writing,
    "padding": lambda b: b.good + "==",
    "space before": lambda b: " " + b.good,
    "line break behind": lambda b: b.good + "\n",
    "not ASCII": lambda b: b.good[:-1] + "\u212a",
    "5 MB": lambda b: b.forge(b'{"x": "' + b"a" * 5_000_000 + b'"}'),
    "4,097 bytes": lambda b: b.good + "A" * (4097 - len(b.good)),
}


def _sha256() -> Any:
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    return SHA256()


def test_what_is_issued_is_accepted(bench: Bench) -> None:
    claims = bench.tokens.verify(bench.good)
    assert (claims.subject, claims.session_id) == ("ctz_1", "ses_1")
    assert claims.expires_at == NOW + timedelta(minutes=10)
    assert bench.tokens.verify(bench.forge()).token_id == "tok_1"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_refused(bench: Bench, name: str) -> None:
    token = HOSTILE[name](bench)
    with pytest.raises(TokenInvalid) as refused:
        bench.tokens.verify(token)
    assert not refused.value.params


def test_a_token_lives_ten_minutes_and_then_says_that_it_expired(bench: Bench) -> None:
    bench.clock.at = NOW + timedelta(minutes=10, seconds=-1)
    assert bench.tokens.verify(bench.good).subject == "ctz_1"
    bench.clock.at = NOW + timedelta(minutes=10)
    with pytest.raises(TokenExpired):
        bench.tokens.verify(bench.good)


def test_two_tokens_of_one_moment_differ(bench: Bench) -> None:
    assert bench.tokens.issue(subject="ctz_1", session_id="ses_1").text != bench.good


def test_key_files_are_for_their_owner_alone(bench: Bench) -> None:
    files = list(bench.folder.iterdir())
    assert {file.name for file in files} == {"access-0001.pem", "hash.key"}
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert bench.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["access-0001.pem", "hash.key"])
def test_a_key_that_others_can_read_stops_the_start(bench: Bench, name: str) -> None:
    (bench.folder / name).chmod(0o640)
    with pytest.raises(KeyFileUnsafe, match=name):
        KeyFolder(bench.folder)


@pytest.mark.parametrize("content", [b"", b"not a key", public_pem])
def test_a_file_that_is_no_key_stops_the_start(bench: Bench, content: bytes | Callable[[Bench], bytes]) -> None:
    (bench.folder / "access-0001.pem").write_bytes(content(bench) if callable(content) else content)
    with pytest.raises(KeyFileUnsafe):
        KeyFolder(bench.folder)


def test_a_key_of_another_curve_stops_the_start(bench: Bench) -> None:
    pem = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (bench.folder / "access-0001.pem").write_bytes(pem)
    with pytest.raises(KeyFileUnsafe):
        KeyFolder(bench.folder)


def test_a_restart_keeps_tokens_and_hashes_valid(bench: Bench) -> None:
    again = JwtTokens(KeyFolder(bench.folder), issuer=ISSUER, clock=bench.clock)
    assert again.verify(bench.good).subject == "ctz_1"
    assert again.keyed_hash("code", "x") == bench.tokens.keyed_hash("code", "x")


def test_processes_that_start_together_use_one_key(tmp_path: Path) -> None:
    opened: list[KeyFolder] = []
    ready = threading.Barrier(8)

    def start() -> None:
        ready.wait()
        opened.append(KeyFolder(tmp_path / "keys"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    assert len({keys.signer.kid for keys in opened}) == 1
    assert len({keys.hash_key for keys in opened}) == 1


def test_a_key_roll_refuses_no_valid_token_anywhere(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    other_process = JwtTokens(KeyFolder(bench.folder), issuer=ISSUER, clock=bench.clock)
    monkeypatch.setattr("shimin.adapters.jwt_tokens.RELOAD_S", 0.0)
    kid = bench.keys.add()
    fresh = bench.tokens.issue(subject="ctz_1", session_id="ses_1").text
    assert jwt.get_unverified_header(fresh)["kid"] == kid != bench.kid
    assert other_process.verify(fresh).subject == "ctz_1"
    assert bench.tokens.verify(bench.good).subject == "ctz_1"
    assert other_process.verify(other_process.issue(subject="ctz_1", session_id="ses_1").text).subject == "ctz_1"


def test_a_removed_key_verifies_no_more(bench: Bench) -> None:
    bench.keys.add()
    (bench.folder / "access-0001.pem").unlink()
    bench.keys.reload()
    with pytest.raises(TokenInvalid):
        bench.tokens.verify(bench.good)


def test_unknown_key_ids_do_not_make_the_folder_be_read_over_and_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    monkeypatch.setattr(bench.keys, "reload", lambda: reads.append(1))
    for number in range(50):
        with pytest.raises(TokenInvalid):
            bench.tokens.verify(bench.forge(header=bench.header(kid=f"k{number}")))
    assert len(reads) <= 1


def test_the_published_keys_check_tokens_and_hold_no_private_part(bench: Bench) -> None:
    published = bench.tokens.jwks()["keys"]
    assert [key["kid"] for key in published] == [bench.kid]
    assert all(key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in published)
    read = jwt.PyJWK(published[0])
    assert jwt.decode(
        bench.good,
        read.key,
        algorithms=["ES256"],
        audience="shimin",
        options={"verify_exp": False, "verify_iat": False},
    )


def test_a_key_id_is_the_keys_rfc_7638_thumbprint(bench: Bench) -> None:
    key = bench.tokens.jwks()["keys"][0]
    canonical = f'{{"crv":"P-256","kty":"EC","x":"{key["x"]}","y":"{key["y"]}"}}'
    assert bench.kid == b64(hashlib.sha256(canonical.encode()).digest())


def test_keyed_hashes_keep_purposes_and_parts_apart(bench: Bench, tmp_path: Path) -> None:
    made = [
        bench.tokens.keyed_hash("code", "a", "bc"),
        bench.tokens.keyed_hash("code", "ab", "c"),
        bench.tokens.keyed_hash("code", "abc"),
        bench.tokens.keyed_hash("codea", "bc"),
        bench.tokens.keyed_hash("code", "a", "bc", ""),
        JwtTokens(KeyFolder(tmp_path / "other"), issuer=ISSUER, clock=bench.clock).keyed_hash("code", "a", "bc"),
    ]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", text) for text in made)
