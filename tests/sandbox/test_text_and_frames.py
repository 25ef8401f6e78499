"""The rules on which both sides of the sandbox rest, without a sandbox."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shimin.adapters.wasm.depth import is_shallow
from shimin.adapters.wasm.frames import Frame, FrameBroken, Kind, pack
from shimin.adapters.wasm.inspection import (
    COMPONENT_BYTES_MAX,
    ComponentRefused,
    check_imports,
    count_functions,
)
from shimin.ports.sandbox import LIMITS_MAX, Limits, artifact_statement

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('[]{}"\\\n市x'),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('[]{}"\\:'), inner, max_size=4),
    max_leaves=30,
)


def depth_of(value: Any) -> int:
    """Return how deeply a value is nested, by walking it."""
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


# --------------------------------------------------------------------------------------------------------- depth
@given(JSON, st.sampled_from(["escaped", "plain"]))
def test_depth_is_found_without_parsing(value: object, escaped: str) -> None:
    text = json.dumps(value, ensure_ascii=escaped == "escaped")
    depth = depth_of(value)
    assert is_shallow(text, max(depth, 1))
    assert depth < 2 or not is_shallow(text, depth - 1)


@pytest.mark.parametrize(
    "text",
    ["[" * 65, "]" * 65, "[" * 65 + "]" * 65, '{"a":[' * 33 + "]}" * 33, "[]" * 70_000, "][", '"\\\\" [[' + "[" * 64],
)
def test_what_is_too_deep_unpaired_or_full_of_brackets_is_refused(text: str) -> None:
    assert not is_shallow(text, 64)


@pytest.mark.parametrize("text", ["", "1", '"[[[["', '"\\"[[[["', '"\\\\"', '{"[": "]"}', "[[[]]]"])
def test_brackets_inside_strings_do_not_count(text: str) -> None:
    assert is_shallow(text, 3)


# -------------------------------------------------------------------------------------------------------- frames
@given(
    st.sampled_from(Kind),
    st.binary(min_size=16, max_size=16),
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5),
    st.lists(st.none() | st.text(), max_size=5),
)
def test_a_frame_arrives_as_it_was_sent(kind: Kind, token: bytes, numbers: list[int], texts: list[str | None]) -> None:
    frame = Frame(pack(kind, token, numbers, texts))
    assert (frame.kind, frame.token, frame.numbers, frame.texts) == (kind, token, numbers, texts)


@given(st.binary(max_size=200), st.integers(0, 30), st.integers(0, 255))
def test_a_frame_that_was_tampered_with_breaks_cleanly_or_reads_as_another(extra: bytes, at: int, byte: int) -> None:
    """No other exception, no endless loop, no reading beyond its end."""
    frame = pack(Kind.EXECUTE, b"t" * 16, (1, 2), ("operations/x.graphql", None, "{}")) + extra
    frame[at] = byte
    try:
        Frame(frame)
    except FrameBroken:
        return
    assert len(frame) >= 23


# ---------------------------------------------------------------------------------------------------- components
MODULE = b"\0asm\x01\0\0\0"
COMPONENT = b"\0asm\x0d\0\x01\0"


def section(number: int, body: bytes) -> bytes:
    """Return a section with its length in LEB128."""
    size, encoded = len(body), b""
    while True:
        size, low = size >> 7, size & 0x7F
        encoded += bytes([low | (0x80 if size else 0)])
        if not size:
            return bytes([number]) + encoded + body


def nested(times: int) -> bytes:
    """Return a component in a component in a component …."""
    return COMPONENT + (section(4, nested(times - 1)) if times > 1 else b"")


def module(functions: bytes) -> bytes:
    """Return a module that declares a number of functions, given in LEB128."""
    return MODULE + section(3, functions + b"\0")


def test_functions_are_counted_through_every_nested_module() -> None:
    inner = COMPONENT + section(1, module(b"\x02"))
    assert count_functions(COMPONENT + section(1, module(b"\x03")) + section(4, inner)) == 5


@pytest.mark.parametrize(
    "component",
    [
        b"",
        MODULE,
        b"\0asm\x02\0\0\0",
        COMPONENT + b"\x01",
        COMPONENT + b"\x01\xff\xff\xff\xff\xff\x01",
        COMPONENT + b"\x01\x7f",
        COMPONENT + section(1, b"garbage!"),
        COMPONENT + section(1, module(b"\xff\xff\xff\x7f")),
        COMPONENT + section(1, MODULE) * 65,
        nested(6),
    ],
    ids=["empty", "module", "version", "cut", "number", "section", "nested", "functions", "modules", "depth"],
)  # fmt: skip
def test_what_is_no_component_or_too_much_of_one_is_refused(component: bytes) -> None:
    with pytest.raises(ComponentRefused):
        count_functions(component)


def test_a_component_that_is_too_big_is_refused_unread() -> None:
    with pytest.raises(ComponentRefused, match="larger"):
        count_functions(bytes(COMPONENT_BYTES_MAX + 1))


def test_a_component_may_import_the_contract_and_what_its_interpreter_needs() -> None:
    check_imports(["shimin:miniapp/core@0.1.0", "wasi:clocks/wall-clock@0.2.9"])


@pytest.mark.parametrize("name", ["wasi:http/outgoing-handler@0.2.9", "wasi:filesystem", "shimin:miniapp/admin@0.1.0"])
def test_a_component_may_import_nothing_else(name: str) -> None:
    with pytest.raises(ComponentRefused, match=name.partition("@")[0]):
        check_imports(["shimin:miniapp/core@0.1.0", name])


# -------------------------------------------------------------------------------------------------------- limits
@pytest.mark.parametrize("name", LIMITS_MAX)
def test_a_limit_is_at_least_one_and_at_most_the_platforms(name: str) -> None:
    assert getattr(Limits(**{name: LIMITS_MAX[name]}), name) == LIMITS_MAX[name]
    for value in (0, -1, LIMITS_MAX[name] + 1):
        with pytest.raises(ValueError, match=name):
            Limits(**{name: value})


def test_what_is_signed_names_every_part_of_the_artifact() -> None:
    parts = {"package_digest": "p", "component_digest": "c", "compiled_digest": "x", "engine": "e"}
    statements = {artifact_statement(**parts)} | {artifact_statement(**{**parts, name: "other"}) for name in parts}
    assert len(statements) == 5
