"""Who may do what: every root field of the schema, asked for by every kind of caller, against one table.

The table is ``matrix.csv``: a row per root field with its access rule and, per caller, what must come of it. ``ok`` is
an answer, ``null`` is "nothing you may know of", ``silence`` an event that is not heard, anything else the code of the
refusal. The citizen owns what the variables name; everybody else asks for it too. Whatever is not ``ok`` must change
nothing in any table, and no answer to anybody else may contain anything of the citizen's.
"""

import csv
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from tests.authz.conftest import APP, AUDIT_TABLES, NEW_PHONE, NONCE, World

from shimin.kit.ids import new_id
from shimin_graphql.schema import schema

CORE = schema._schema
ROWS: dict[str, dict[str, str]] = {
    row.pop("field"): row for row in csv.DictReader((Path(__file__).parent / "matrix.csv").read_text().splitlines())
}
CALLERS = (
    "anonymous",
    "citizen",
    "other_citizen",
    "developer",
    "other_developer",
    "reviewer",
    "releaser",
    "auditor",
    "ad_hoc_documents",
    "miniapp",
)
OWNERS = frozenset({"citizen", "miniapp"})
HEARING_S = 1.0
LOGGED_REFUSALS = frozenset({"CONSENT_REQUIRED", "BILL_NOT_FOUND"})
"""Refusals that are themselves written into the access log of whom they concern; nothing else may change."""
OPEN_RULES: Mapping[str, frozenset[str]] = {
    "anyone": frozenset(CALLERS),
    "anyone in person": frozenset(CALLERS) - {"miniapp"},
    "citizen": frozenset({"citizen", "other_citizen"}),
    "citizen or mini-app": frozenset({"citizen", "other_citizen", "miniapp"}),
    "signed in": frozenset(CALLERS) - {"anonymous", "miniapp"},
    "staff": frozenset(CALLERS) - {"anonymous", "miniapp", "citizen", "other_citizen"},
}

Variables = Callable[[World], Mapping[str, Any]]
VARIABLES: Mapping[str, Variables] = {
    "Query.guide": lambda _: {"code": "none"},
    "Query.node": lambda w: {"id": w.owned["payment"]},
    "Query.payment": lambda w: {"id": w.owned["payment"]},
    "Mutation.grantConsent": lambda w: {"input": {"appId": APP, "documentId": w.owned["to_grant"]}},
    "Mutation.refuseConsent": lambda w: {"input": {"appId": APP, "documentId": w.owned["to_refuse"]}},
    "Mutation.withdrawConsent": lambda w: {"input": {"grantId": w.owned["grant"]}},
    "Mutation.requestCode": lambda _: {"input": {"phone": "+8619900009999", "nonce": NONCE}},
    "Mutation.signIn": lambda w: {
        "input": {"phone": NEW_PHONE, "nonce": NONCE, "code": w.owned["code"], "deviceName": "Phone"}
    },
    "Mutation.refreshSession": lambda _: {"input": {"refreshToken": "guessed", "nonce": NONCE}},
    "Mutation.revokeSession": lambda w: {"input": {"sessionId": w.owned["spare_session"]}},
    "Mutation.confirmRealName": lambda w: {
        "input": {"name": w.resident.name_zh_hans, "idNumber": w.resident.id_number}
    },
    "Mutation.forgetKept": lambda _: {"input": {"appId": APP}},
    "Mutation.markMessageRead": lambda w: {"input": {"id": w.owned["message"]}},
    "Mutation.callMiniApp": lambda _: {"input": {"appId": "linhai.hrss.none", "operation": "balance", "input": {}}},
    "Mutation.requestPayment": lambda w: {
        "input": {"id": new_id("pay"), "source": "hrss", "billReference": w.resident.bills[0].reference}
    },
    "Mutation.confirmPayment": lambda w: {"input": {"id": w.owned["payment"]}},
    "Mutation.cancelPayment": lambda w: {"input": {"id": w.owned["payment_to_cancel"]}},
    "Mutation.submitRelease": lambda w: {"input": {"releaseId": w.owned["ready"]}},
    "Mutation.approveRelease": lambda w: {"input": {"releaseId": w.owned["in_review"], "digest": w.owned["digest"]}},
    "Mutation.rejectRelease": lambda w: {"input": {"releaseId": w.owned["to_reject"], "findings": ["unclear"]}},
    "Mutation.releaseToCitizens": lambda w: {"input": {"releaseId": w.owned["approved"]}},
    "Mutation.suspendRelease": lambda w: {"input": {"releaseId": w.owned["release"]}},
    "Mutation.setConnectorSecret": lambda w: {
        "input": {"connectorId": w.owned["connector"], "header": "x-api-key", "secret": "another-secret-of-theirs"}
    },
    "Mutation.clearConnectorSecret": lambda w: {"input": {"connectorId": w.owned["connector"]}},
    "Mutation.liftSuspension": lambda w: {"input": {"releaseId": w.owned["suspended"]}},
}


def root_fields() -> dict[str, GraphQLField]:
    roots = (CORE.query_type, CORE.mutation_type, CORE.subscription_type)
    return {f"{root.name}.{name}": item for root in roots if root for name, item in root.fields.items()}


def rule_of(item: GraphQLField) -> str:
    """Return the rule a field declares with ``@allow``."""
    declared = item.extensions["strawberry-definition"].directives
    rules = [directive.who for directive in declared if type(directive).__name__ == "Allow"]
    return ", ".join(rules[0]) if rules else ""


def selection(kind: GraphQLOutputType, depth: int = 5) -> str:
    """Return a selection of everything that can be read without arguments."""
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    if isinstance(named, GraphQLUnionType):
        members = [
            f"... on {member.name} {selection(member)}"
            for member in named.types
            if "Refused" not in {interface.name for interface in member.interfaces}
        ]
        return f"{{ __typename {' '.join(members)} ... on Refused {{ code message }} }}"
    assert isinstance(named, GraphQLObjectType | GraphQLInterfaceType)
    parts = []
    for name, item in named.fields.items():
        if any(is_required_argument(argument) for argument in item.args.values()):
            continue
        inner = selection(item.type, depth - 1) if depth else "{ __typename }"
        parts.append(f"{name} {'' if is_leaf_type(get_named_type(item.type)) else inner}")
    return f"{{ {' '.join(parts)} }}"


def document(field: str, item: GraphQLField, given: Mapping[str, Any]) -> str:
    """Return an operation that asks for one root field with the given variables."""
    kind, _, name = field.partition(".")
    declared = ", ".join(f"${argument}: {item.args[argument].type}" for argument in given)
    passed = ", ".join(f"{argument}: ${argument}" for argument in given)
    return (
        f"{kind.lower()} Ask{f'({declared})' if declared else ''} "
        f"{{ {name}{f'({passed})' if passed else ''} {selection(item.type)} }}"
    )


def outcome(response: Mapping[str, Any] | None, field: str) -> str:
    """Return what came of a question, in the table's words."""
    if response is None:
        return "silence"
    if response.get("errors"):
        return str(response["errors"][0]["extensions"]["code"])
    answer = response["data"][field.partition(".")[2]]
    if answer is None:
        return "null"
    return str(answer["code"]) if isinstance(answer, dict) and "message" in answer and "code" in answer else "ok"


def test_every_root_field_has_a_row_and_every_row_a_field() -> None:
    assert set(ROWS) == set(root_fields())


def test_every_root_field_declares_the_rule_the_table_names() -> None:
    assert {name: row["rule"] for name, row in ROWS.items()} == {
        name: rule_of(item) for name, item in root_fields().items()
    }


def test_the_table_lets_nobody_in_whom_the_rule_keeps_out() -> None:
    wrong = []
    for name, row in ROWS.items():
        allowed = OPEN_RULES.get(row["rule"], frozenset(row["rule"].split(" or ")) | _colleagues(row["rule"]))
        for caller in CALLERS:
            kept_out = row[caller] == ("NOT_SIGNED_IN" if caller == "anonymous" else "NOT_ALLOWED")
            if kept_out != (caller not in allowed):
                wrong.append((name, caller, row[caller]))
    assert not wrong


def _colleagues(rule: str) -> frozenset[str]:
    return frozenset({"other_developer"} if "developer" in rule else ())


def test_every_field_that_takes_an_id_is_asked_for_with_one() -> None:
    needing = {
        name
        for name, item in root_fields().items()
        if any(is_required_argument(argument) for argument in item.args.values())
    }
    assert needing == set(VARIABLES)


@pytest.mark.parametrize("caller", CALLERS)
async def test_each_field_answers_this_caller_as_the_table_says(world: World, caller: str) -> None:
    wrong: list[str] = []
    before: dict[str, str] | None = None
    for name, item in root_fields().items():
        given = VARIABLES[name](world) if name in VARIABLES else {}
        text = document(name, item, given)
        expected = ROWS[name][caller]
        if caller == "miniapp" and name == "Query.socialInsurance":
            await world.register(text)
            before = None
        if expected != "ok":
            before = before or await world.fingerprint()
        if name.startswith("Subscription."):
            response = await world.hear(caller, text, wait_s=HEARING_S)
        else:
            response = await world.ask(caller, text, given)
        found = outcome(response, name)
        if found != expected:
            wrong.append(f"{name}: {found} instead of {expected}")
        if expected == "ok" or before is None:
            before = None
        else:
            after = await world.fingerprint()
            changed = {table for table in after if after[table] != before.get(table)}
            changed -= AUDIT_TABLES if expected in LOGGED_REFUSALS else set()
            wrong.extend(f"{name}: refused and yet changed {table}" for table in sorted(changed))
            before = after
        shown = json.dumps(response, ensure_ascii=False, default=str)
        if caller not in OWNERS:
            wrong.extend(f"{name}: shows {marker}" for marker in world.markers if marker in shown)
    assert not wrong, "\n" + "\n".join(wrong)


async def test_what_the_citizen_sees_is_what_the_leak_test_looks_for(world: World) -> None:
    seen = ""
    for name in ("Query.viewer", "Query.payments", "Query.inbox", "Query.consents", "Query.socialInsurance"):
        item = root_fields()[name]
        seen += json.dumps(await world.ask("citizen", document(name, item, {}), {}), ensure_ascii=False, default=str)
    found = [marker for marker in world.markers if marker in seen]
    hidden = {world.resident.phone[3:], world.resident.id_number, world.resident.name_zh_hans}
    assert set(world.markers) - set(found) == hidden


NODE = "query Find($id: ID!) { node(id: $id) { __typename id } }"
LISTS: Mapping[str, str] = {
    "AccessEntry": "accessLog { edges { node { id } } }",
    "AccessEntry of the platform": "platformLog { edges { node { id } } }",
    "Bill": "bills { edges { node { id } } }",
    "ConnectorCall": "connectorCalls { edges { node { id } } }",
    "Consent": "consents { edges { node { id } } }",
    "Message": "inbox { edges { node { id } } }",
    "Payment": "payments { edges { node { id } } }",
    "Release": "releases { edges { node { id } } }",
    "Session": "viewer { sessions { edges { node { id } } } }",
}
"""Where each type that can be found by its id is listed."""


async def test_what_a_list_shows_is_found_by_its_id_and_nothing_else_is(world: World) -> None:
    assert {name.partition(" ")[0] for name in LISTS} == {
        kind.name
        for kind in CORE.get_possible_types(CORE.type_map["Node"])  # type: ignore[arg-type] # an interface
    }
    lifted = VARIABLES["Mutation.liftSuspension"](world)
    text = document("Mutation.liftSuspension", root_fields()["Mutation.liftSuspension"], lifted)
    assert "errors" not in await world.ask("releaser", text, lifted)  # a deed for the platform's log
    wrong: list[str] = []
    for name, text in LISTS.items():
        kind, seen = name.partition(" ")[0], {}
        for caller in CALLERS:
            listed = await world.ask(caller, f"{{ {text} }}", {})
            seen[caller] = set(re.findall(r"[a-z]+_[0-9a-f]{32}", json.dumps(listed["data"])))
        everything = sorted(set().union(*seen.values()))
        assert everything, f"nobody has anything in {text}"
        for caller in CALLERS:
            for wanted in everything:
                answer = await world.ask(caller, NODE, {"id": wanted})
                expected = {"__typename": kind, "id": wanted} if wanted in seen[caller] else None
                if answer != {"data": {"node": expected}}:
                    wrong.append(f"{caller} asks for {wanted}: {answer} instead of {expected}")
    assert not wrong, "\n" + "\n".join(wrong)
