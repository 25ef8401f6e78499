"""Bad input at the edge: each a clear answer with a stable code, nothing changed, nothing shown that should not be.

Everything is real: the application over HTTP, the database, the department's server, keys and signatures.
"""

import asyncio
import base64
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from tests.authz.conftest import SECRET, World, serving_department, settle

from shimin import identity
from shimin.adapters.jwt_tokens import JwtTokens, KeyFolder
from shimin.assembly import open_platform
from shimin.config import Settings, SourceSettings
from shimin.demo.channel import open_keys
from shimin.demo.phone import document_text
from shimin.kit.clock import FixedClock
from shimin.kit.digest import sha256_id
from shimin.kit.ids import new_id
from shimin_graphql.asgi import create_app

WEBHOOK = "/webhooks/channels/emulator"
REQUEST_PAYMENT = """mutation Ask($input: RequestPaymentInput!) { requestPayment(input: $input) {
  __typename ... on SourceUnavailable { reason source } ... on Refused { code } ... on Payment { state } } }"""
SOURCE_LIMIT_S = 2.0
LOGS = ("audit_entry", "audit_head")


@dataclass
class Edge:
    """The application, asked over HTTP, and the city behind it."""

    world: World
    http: httpx.AsyncClient
    settings: Settings

    def token(self, who: str) -> str:
        """Return a good token of somebody's session."""
        call = self.world.calls[who]
        tokens = self.world.platform.tokens
        return tokens.issue(subject=call.actor.id, session_id=str(call.session_id)).text

    async def ask(self, text: str, variables: Mapping[str, Any] | None = None, token: str = "") -> httpx.Response:
        """Send a document, as whoever the token says."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self.clean(
            await self.http.post("/graphql", json={"query": text, "variables": variables or {}}, headers=headers)
        )

    async def client(self, name: str, variables: Mapping[str, Any], who: str) -> Any:
        """Run one of the mobile client's documents as somebody; return its only field."""
        answer = (await self.ask(document_text(name), variables, self.token(who))).json()
        assert "errors" not in answer, answer
        return next(iter(answer["data"].values()))

    def clean(self, response: httpx.Response) -> httpx.Response:
        """Go on only if the answer shows nothing of the inside."""
        told = response.text + json.dumps(dict(response.headers))
        secrets = [SECRET.decode(), "postgres://", "sqlite:", str(self.settings.data_dir)]
        for inside in ("Traceback", 'File "', ".py", "SELECT ", "site-packages", "asyncpg", "sqlite3", *secrets):
            assert inside not in told, inside
        assert response.headers["x-content-type-options"] == "nosniff"
        return response

    async def fault(self, name: str) -> None:
        """Tell the department to misbehave, or to stop that."""
        async with httpx.AsyncClient(base_url=self.settings.source("hrss").url) as admin:
            headers = {"authorization": f"Bearer {SECRET.decode()}"}
            assert (await admin.post("/admin/fault", json={"fault": name}, headers=headers)).status_code == 200

    def notification(self, **changed: Any) -> bytes:
        """Return what the network says of the citizen's payment once it is settled."""
        said = {
            "event_id": f"evt_{self.world.owned['payment']}",
            "payment_id": self.world.owned["payment"],
            "state": "settled",
            "amount_minor": 4200,
            "currency": "CNY",
            "channel_ref": "chn_1",
        }
        return json.dumps(said | changed).encode()

    async def notify(self, body: bytes, *, at_s: float | None = None) -> httpx.Response:
        """Tell the platform something, signed by the network's own key."""
        keys = open_keys(self.settings.data_dir / "secrets")
        signed = keys.sign(body, nonce=new_id("non"), at_s=int(at_s or time.time()))
        return self.clean(await self.http.post(WEBHOOK, content=body, headers=signed))


def code(response: httpx.Response) -> str:
    """Return the code of a response's first error, or of a route's refusal."""
    answer = response.json()
    return str(answer["errors"][0]["extensions"]["code"] if "errors" in answer else answer["code"])


@pytest.fixture
async def edge(database_url: str, tmp_path: Path) -> AsyncIterator[Edge]:
    """Serve a settled city."""
    async with serving_department(tmp_path / "department.json") as url:
        source = SourceSettings(url=url, secret=SecretStr(SECRET.decode()))
        settings = Settings(
            data_dir=tmp_path / "data",
            database_url=SecretStr(database_url),
            sources={"population": source, "hrss": source},
            worker="separate",
        )
        async with open_platform(settings) as platform, serving(settings, await settle(platform)) as served:
            yield served


@asynccontextmanager
async def serving(settings: Settings, world: World) -> AsyncIterator[Edge]:
    """Serve an open platform under these settings."""
    app = create_app(settings, world.platform)
    async with app.started():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shimin.test") as http:
            yield Edge(world, http, settings)


# -------------------------------------------------------------------------------------------------- request bodies
@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (b"{", 400, "BODY_MALFORMED"),
        (b'{"query": "{ viewer { id } }"', 400, "BODY_MALFORMED"),
        (b"\xff\xfe", 400, "BODY_MALFORMED"),
        (b'{"query": "' + b"a" * 300_000 + b'"}', 413, "BODY_TOO_LARGE"),
        (b'{"query": "{ viewer { id "}', 400, "DOCUMENT_INVALID"),
    ],
)
async def test_a_malformed_or_over_long_question_is_refused_with_its_code(
    edge: Edge, body: bytes, status: int, expected: str
) -> None:
    before = await edge.world.fingerprint()
    response = edge.clean(await edge.http.post("/graphql", content=body, headers={"content-type": "application/json"}))
    assert (response.status_code, code(response)) == (status, expected)
    assert await edge.world.fingerprint() == before


async def test_an_address_that_does_not_exist_and_a_wrong_method_have_codes_too(edge: Edge) -> None:
    for method, path, status, expected in (
        ("GET", "/nothing/../etc/passwd", 404, "NOT_FOUND"),
        ("GET", WEBHOOK, 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/graphql", 405, "METHOD_NOT_ALLOWED"),
    ):
        response = edge.clean(await edge.http.request(method, path))
        assert (response.status_code, code(response)) == (status, expected)


async def test_a_bug_outside_graphql_shows_its_trace_id_and_nothing_else(edge: Edge) -> None:
    broken: Any = None
    world = replace(edge.world, platform=replace(edge.world.platform, channel=broken))
    async with serving(edge.settings, world) as faulty:
        response = await faulty.http.post(WEBHOOK, content=b"{}")
    assert (response.status_code, code(response)) == (500, "INTERNAL")
    assert response.json().keys() == {"code", "message"}
    assert "trc_" in response.json()["message"]
    assert "NoneType" not in response.text


# ---------------------------------------------------------------------------------------------------------- tokens
def part(value: Mapping[str, Any]) -> str:
    """Return one part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def bad_tokens(edge: Edge, elsewhere: Path) -> Mapping[str, tuple[str, str]]:
    """Return tokens that claim to be the citizen's, with the code each must meet."""
    call, settings = edge.world.calls["citizen"], edge.settings
    mine, foreign = KeyFolder(settings.data_dir / "secrets" / "tokens"), KeyFolder(elsewhere)
    named = {"subject": call.actor.id, "session_id": str(call.session_id)}
    now = FixedClock(datetime.now(UTC))
    old = FixedClock(now.at - timedelta(days=1))
    good = edge.token("citizen")
    head, claims, signature = good.split(".")
    unsigned = part({"alg": "none", "typ": "at+jwt"})
    other = JwtTokens(mine, issuer=settings.issuer, clock=now, audience="another-platform")
    return {
        "expired": (JwtTokens(mine, issuer=settings.issuer, clock=old).issue(**named).text, "TOKEN_EXPIRED"),
        "another key": (JwtTokens(foreign, issuer=settings.issuer, clock=now).issue(**named).text, "TOKEN_INVALID"),
        "another issuer": (JwtTokens(mine, issuer="https://x.test", clock=now).issue(**named).text, "TOKEN_INVALID"),
        "another audience": (other.issue(**named).text, "TOKEN_INVALID"),
        "no algorithm": (f"{unsigned}.{claims}.", "TOKEN_INVALID"),
        "no algorithm, a signature": (f"{unsigned}.{claims}.{signature}", "TOKEN_INVALID"),
        "changed claims": (f"{head}.{part({'sub': call.actor.id})}.{signature}", "TOKEN_INVALID"),
        "no token at all": ("abc", "TOKEN_INVALID"),
        "over-long": ("a" * 20_000, "TOKEN_INVALID"),
    }


async def test_a_token_that_is_expired_foreign_or_forged_opens_nothing(edge: Edge, tmp_path: Path) -> None:
    """The request is refused as a whole, not served as nobody's; a good token still works."""
    before = await edge.world.fingerprint()
    pay = {"input": {"id": edge.world.owned["payment"]}}
    for name, (token, expected) in bad_tokens(edge, tmp_path / "foreign").items():
        for text, variables in ((document_text("viewer"), {}), (document_text("confirm_payment"), pay)):
            response = await edge.ask(text, variables, token)
            assert (response.status_code, code(response)) == (401, expected), name
            assert "data" not in response.json()
            assert token not in response.text
    assert await edge.world.fingerprint() == before
    assert (await edge.client("viewer", {}, "citizen"))["id"] == edge.world.owned["citizen"]


async def test_the_token_of_a_session_that_was_signed_out_opens_nothing(edge: Edge) -> None:
    """Also when it was verified and remembered a moment ago."""
    token = edge.token("citizen")
    assert (await edge.ask(document_text("viewer"), {}, token)).status_code == 200
    await edge.ask(document_text("sign_out"), {}, token)
    before = await edge.world.fingerprint()
    response = await edge.ask(document_text("confirm_payment"), {"input": {"id": edge.world.owned["payment"]}}, token)
    assert (response.status_code, code(response)) == (401, identity.SessionEnded.code)
    assert await edge.world.fingerprint() == before


# ------------------------------------------------------------------------------------------ another citizen's ids
CANCEL = """mutation C($input: CancelPaymentInput!) { cancelPayment(input: $input) {
  __typename ... on Refused { code } } }"""
MARK_READ = """mutation M($input: MarkMessageReadInput!) { markMessageRead(input: $input) {
  __typename ... on Refused { code } } }"""
Body = Callable[[Mapping[str, str]], tuple[str, Mapping[str, Any]]]
THEIRS: Mapping[str, Body] = {
    "confirm a payment": lambda o: (document_text("confirm_payment"), {"input": {"id": o["payment"]}}),
    "cancel a payment": lambda o: (CANCEL, {"input": {"id": o["payment"]}}),
    "read a message": lambda o: (MARK_READ, {"input": {"id": o["message"]}}),
    "end a session": lambda o: (document_text("revoke_session"), {"input": {"sessionId": o["spare_session"]}}),
    "withdraw a consent": lambda o: (document_text("withdraw_consent"), {"input": {"grantId": o["grant"]}}),
}


@pytest.mark.parametrize("deed", THEIRS)
async def test_another_citizens_ids_name_nothing_and_change_nothing(edge: Edge, deed: str) -> None:
    """The same answer as for an id that never was; every table is as before."""
    before = await edge.world.fingerprint()
    token = edge.token("other_citizen")
    answers = []
    invented = {name: new_id(value[:3]) for name, value in edge.world.owned.items()}
    for ids in (edge.world.owned, invented):
        answer = (await edge.ask(*THEIRS[deed](ids), token)).json()
        found = next(iter(answer["data"].values())) if answer.get("data") else answer["errors"][0]["extensions"]
        assert found["code"] == "NOT_FOUND", answer
        answers.append(found)
    assert answers[0] == answers[1]
    assert await edge.world.fingerprint() == before


async def test_another_citizens_payment_cannot_be_seen_nor_its_id_used(edge: Edge) -> None:
    before = await edge.world.fingerprint()
    assert await edge.client("payment", {"id": edge.world.owned["payment"]}, "other_citizen") is None
    asked = {"id": edge.world.owned["payment"], "source": "hrss", "billReference": "bill-payment"}
    answer = (await edge.ask(REQUEST_PAYMENT, {"input": asked}, edge.token("other_citizen"))).json()
    assert answer["data"]["requestPayment"]["code"] == "IDEMPOTENCY_CONFLICT"
    assert await edge.world.fingerprint() == before


# --------------------------------------------------------------------------------------------------------- sources
@pytest.mark.parametrize("reason", ["down", "slow", "nonsense"])
async def test_a_source_that_is_down_slow_or_talks_nonsense_is_said_so_and_costs_nothing(
    edge: Edge, reason: str
) -> None:
    """Within the source's limit; consent and money untouched; the next request is fine as soon as the fault ends."""
    reference = edge.world.resident.bills[0].reference
    asked = {"input": {"id": new_id("pay"), "source": "hrss", "billReference": reference}}
    token = edge.token("citizen")
    before = await edge.world.fingerprint()
    await edge.fault(reason)
    started = time.monotonic()
    seen = await edge.ask(document_text("my_insurance"), {}, token)
    took_s = time.monotonic() - started
    assert code(seen) == "SOURCE_UNAVAILABLE"
    assert seen.json()["errors"][0]["extensions"]["params"] == {"source": "hrss", "reason": reason}
    assert seen.json()["errors"][0]["extensions"]["retryable"] is True
    assert took_s < SOURCE_LIMIT_S + 2
    paid = (await edge.ask(REQUEST_PAYMENT, asked, token)).json()["data"]["requestPayment"]
    assert paid == {
        "__typename": "SourceUnavailable", "reason": reason, "source": "hrss", "code": "SOURCE_UNAVAILABLE"
    }  # fmt: skip
    after = await edge.world.fingerprint()
    assert {name for name in after if after[name] != before[name]} == set(LOGS), "only the log of the failed reads"
    await edge.fault("none")
    assert (await edge.client("my_insurance", {}, "citizen"))["pension"]
    paid = (await edge.ask(REQUEST_PAYMENT, asked, token)).json()["data"]["requestPayment"]
    assert paid == {"__typename": "Payment", "state": "REQUESTED"}


# -------------------------------------------------------------------------------------------------------- webhooks
async def test_a_notification_nobody_signed_is_answered_as_forged_and_written_nowhere(edge: Edge) -> None:
    open_keys(edge.settings.data_dir / "secrets")
    assert (await edge.client("confirm_payment", {"input": {"id": edge.world.owned["payment"]}}, "citizen"))["state"]
    before = await edge.world.fingerprint()
    body = edge.notification()
    stranger = open_keys(edge.settings.data_dir.parent / "stranger")
    forged = [
        edge.clean(await edge.http.post(WEBHOOK, content=body)),
        edge.clean(
            await edge.http.post(WEBHOOK, content=body, headers=stranger.sign(body, nonce="n", at_s=int(time.time())))
        ),
        await edge.notify(body, at_s=time.time() - 3600),
        await edge.notify(body, at_s=time.time() + 3600),
        await edge.notify(b"{"),
        await edge.notify(b'{"payment_id": 5}'),
        await edge.notify(edge.notification(amount_minor="4200")),
    ]
    assert [(item.status_code, code(item)) for item in forged] == [(401, "FORGED_NOTIFICATION")] * 7
    long = await edge.notify(b" " * 70_000)
    assert (long.status_code, code(long)) == (413, "BODY_TOO_LARGE")
    unknown = edge.clean(await edge.http.post("/webhooks/channels/none", content=body))
    assert (unknown.status_code, code(unknown)) == (404, "CHANNEL_UNKNOWN")
    assert await edge.world.fingerprint() == before


async def test_a_notification_with_a_changed_signature_or_body_is_forged(edge: Edge) -> None:
    keys = open_keys(edge.settings.data_dir / "secrets")
    body = edge.notification()
    signed = keys.sign(body, nonce="n-1", at_s=int(time.time()))
    before = await edge.world.fingerprint()
    name = next(item for item in signed if "signature" in item.lower())
    flipped = base64.b64encode(bytes([*base64.b64decode(signed[name])[:-1], 0])).decode()
    for content, headers in ((body, signed | {name: flipped}), (body.replace(b"4200", b"4201"), signed)):
        response = edge.clean(await edge.http.post(WEBHOOK, content=content, headers=headers))
        assert (response.status_code, code(response)) == (401, "FORGED_NOTIFICATION")
    assert await edge.world.fingerprint() == before


async def test_a_notification_told_twenty_times_settles_once(edge: Edge) -> None:
    """Word for word and at the same time, and once more later: one settlement, one posting, one receipt."""
    keys = open_keys(edge.settings.data_dir / "secrets")
    payment_id = edge.world.owned["payment"]
    assert (await edge.client("confirm_payment", {"input": {"id": payment_id}}, "citizen"))["state"] == "CONFIRMED"
    body = edge.notification()
    signed = keys.sign(body, nonce="n-1", at_s=int(time.time()))
    answers = await asyncio.gather(*(edge.http.post(WEBHOOK, content=body, headers=signed) for _ in range(20)))
    assert [item.status_code for item in answers] == [200] * 20
    assert sum(item.json()["first"] for item in answers) == 1
    settled = await edge.world.fingerprint()
    again = edge.clean(await edge.http.post(WEBHOOK, content=body, headers=signed))
    assert again.json()["first"] is False
    assert await edge.world.fingerprint() == settled
    assert (await edge.client("payment", {"id": payment_id}, "citizen"))["state"] == "SETTLED"
    async with edge.world.platform.db.reader() as reader:
        assert await reader.fetch_value("SELECT COUNT(*) FROM outbox WHERE name = 'payment.settled'") == 1
        assert await reader.fetch_value("SELECT COUNT(*) FROM ledger_transfer WHERE state = 'POSTED'") == 1


# -------------------------------------------------------------------------------------- a database held by another
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_database_locked_by_another_process_is_said_so_and_the_change_can_be_repeated(
    edge: Edge, engine: str
) -> None:
    """The embedded database only: it has one writer. Reading goes on meanwhile."""
    assert engine == "sqlite"
    order = (MARK_READ, {"input": {"id": edge.world.owned["message"]}}, edge.token("citizen"))
    other = sqlite3.connect(edge.settings.database.removeprefix("sqlite:///"), isolation_level=None)
    before = await edge.world.fingerprint()
    try:
        other.execute("BEGIN IMMEDIATE")
        response = await edge.ask(*order)
        assert code(response) == "DATABASE_LOCKED"
        assert response.json()["errors"][0]["extensions"]["retryable"] is True
        assert (await edge.client("payment", {"id": edge.world.owned["payment"]}, "citizen"))["state"] == "REQUESTED"
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert await edge.world.fingerprint() == before
    assert "code" not in (await edge.ask(*order)).json()["data"]["markMessageRead"]


# ------------------------------------------------------------------------------------------------------ production
async def test_production_shows_no_printed_codes_runs_no_texts_and_describes_no_schema(edge: Edge) -> None:
    """Trusted documents by their hash are all there is."""
    strict = edge.settings.model_copy(update={"mode": "production"})
    async with serving(strict, edge.world) as production:
        inbox = production.clean(await production.http.get("/dev/inbox"))
        assert (inbox.status_code, code(inbox)) == (404, "NOT_FOUND")
        for text in (document_text("viewer"), "{ __schema { types { name } } }", "{ __typename }"):
            response = await production.ask(text, {}, production.token("citizen"))
            assert (response.status_code, code(response)) == (403, "DOCUMENTS_ONLY")
        body = {"documentId": sha256_id(document_text("viewer"))}
        headers = {"authorization": f"Bearer {production.token('citizen')}"}
        trusted = production.clean(await production.http.post("/graphql", json=body, headers=headers))
        assert trusted.json()["data"]["viewer"]["id"] == edge.world.owned["citizen"]
