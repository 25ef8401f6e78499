"""The page on live answers says what the code does."""

import re
from dataclasses import fields
from pathlib import Path

from shimin.config import Settings
from shimin_graphql.engine import websocket_messages as messages
from shimin_graphql.engine.seats import STREAMS_MAX, STREAMS_PER_CALLER_MAX
from shimin_graphql.engine.websocket import WebSocketLimits

PAGE = (Path(__file__).parents[2] / "docs" / "guide" / "graphql-live.md").read_text("utf-8")


def test_every_limit_is_on_the_page_with_its_number() -> None:
    said = {name: float(most) for name, most in re.findall(r"^\| `([a-z_]+)` \| (\d+) \|", PAGE, re.MULTILINE)}
    limits = {item.name: getattr(WebSocketLimits(), item.name) for item in fields(WebSocketLimits)}
    assert said == limits | {"streams_max": STREAMS_MAX, "streams_per_caller_max": STREAMS_PER_CALLER_MAX}
    assert Settings.model_fields["body_bytes_max"].default == WebSocketLimits().message_bytes_max


def test_every_way_to_close_is_on_the_page() -> None:
    said = {int(code) for code in re.findall(r"^\| ([0-9]{4})\b", PAGE, re.MULTILINE)}
    of_the_server = {1012}
    codes = {value for value in vars(messages).values() if isinstance(value, int) and 1000 <= value < 5000}
    assert said - of_the_server == codes
