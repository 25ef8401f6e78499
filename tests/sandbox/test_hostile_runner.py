"""Should a guest ever take over its runner, the core believes nothing that does not belong to the call at hand."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from shimin.adapters.wasm.conversation import Conversation
from shimin.adapters.wasm.frames import FRAME_BYTES_MAX, Frame, Kind, pack
from shimin.adapters.wasm.runner import RunnerGone, _Wire
from shimin.kit.refusal import Refusal
from shimin.ports.sandbox import (
    HostCallsExceeded,
    Limits,
    MiniAppCrashed,
    MiniAppOutputTooBig,
    MiniAppOutputTooDeep,
    MiniAppTimeout,
    Outcome,
    ReleaseRef,
)

Script = Callable[[bytes], list[bytearray]]
RELEASE = ReleaseRef("linhai.test.taken", "rel_taken", "", "", "", "", "", "")
USED = (100, 100)


class TakenRunner:
    """Sends what its script says once it is called, and does nothing that it is told."""

    def __init__(self, script: Script) -> None:
        """Hold the frames to send for a token."""
        self.script = script
        self.frames: asyncio.Queue[bytearray] = asyncio.Queue()
        self.heard: list[Frame] = []
        self.killed = False

    def send(self, frame: bytearray) -> None:
        """Hear what the core sends."""
        heard = Frame(frame)
        self.heard.append(heard)
        if heard.kind == Kind.CALL:
            for each in self.script(heard.token):
                self.frames.put_nowait(each)

    async def receive(self) -> Frame:
        """Give the next frame of the script; then nothing, for ever."""
        return Frame(await self.frames.get())

    def kill(self) -> None:
        """Be killed."""
        self.killed = True


async def converse(script: Script, core: Any, limits: Limits) -> tuple[Outcome | Refusal, TakenRunner]:
    """Hold a conversation with a runner that was taken over; return how it ended."""
    runner = TakenRunner(script)
    try:
        return await Conversation(runner, RELEASE, core, limits).hold("op", "{}", queued_ms=0), runner  # type: ignore[arg-type]
    except Refusal as refusal:
        return refusal, runner


STRANGER = b"x" * 16


@pytest.mark.parametrize(
    "script",
    [
        lambda _token: [pack(Kind.DONE, STRANGER, USED, ("{}",))],
        lambda _token: [pack(Kind.EXECUTE, STRANGER, (), ("operations/person.graphql", "{}"))],
        lambda token: [pack(Kind.READY, token, (1,), ())],
        lambda token: [pack(Kind.CALL, token, USED, ("op", "{}"))],
        lambda token: [pack(Kind.EXECUTE, token, (), ("operations/person.graphql",))],
        lambda token: [pack(Kind.EXECUTE, token, (), (None, None))],
        lambda token: [pack(Kind.DONE, token, (), ("{}",))],
        lambda token: [pack(Kind.DONE, token, USED, ())],
        lambda token: [pack(Kind.SAID_NO, token, USED, ("CODE",))],
        lambda token: [pack(Kind.LOG, token, (), ("info", "x" * 1000))] * 80,
    ],
    ids=[
        "answer to another call",
        "question of another call",
        "ready again",
        "a call of its own",
        "question without variables",
        "question of nothing",
        "answer without figures",
        "answer of nothing",
        "half a refusal",
        "more log than allowed",
    ],
)
async def test_a_frame_that_does_not_belong_ends_the_runner(core: Any, script: Script) -> None:
    end, runner = await converse(script, core, Limits())
    assert isinstance(end, MiniAppCrashed)
    assert runner.killed
    assert core.asked == []


async def test_more_questions_than_allowed_end_the_runner(core: Any) -> None:
    question = ("operations/person.graphql", "{}")
    end, runner = await converse(
        lambda token: [pack(Kind.EXECUTE, token, (), question)] * 9, core, Limits(host_calls=3)
    )
    assert isinstance(end, HostCallsExceeded)
    assert runner.killed
    assert len(core.asked) == 3


async def test_the_core_measures_an_answer_itself(core: Any) -> None:
    long = json.dumps("x" * 2000)
    end, _ = await converse(lambda token: [pack(Kind.DONE, token, USED, (long,))], core, Limits(output_bytes_max=1000))
    assert isinstance(end, MiniAppOutputTooBig)
    deep = "[" * 65 + "]" * 65
    end, _ = await converse(lambda token: [pack(Kind.DONE, token, USED, (deep,))], core, Limits())
    assert isinstance(end, MiniAppOutputTooDeep)
    end, _ = await converse(lambda token: [pack(Kind.SAID_NO, token, USED, ("C", "m", deep))], core, Limits())
    assert isinstance(end, MiniAppOutputTooDeep)
    end, _ = await converse(
        lambda token: [pack(Kind.SAID_NO, token, USED, ("C", long, None))], core, Limits(output_bytes_max=1000)
    )
    assert isinstance(end, MiniAppOutputTooBig)


async def test_a_runner_that_falls_silent_is_killed_at_the_deadline(core: Any) -> None:
    end, runner = await converse(lambda _token: [], core, Limits(wall_ms=50))
    assert isinstance(end, MiniAppTimeout)
    assert runner.killed


async def test_a_runner_that_goes_on_after_its_end_is_told_is_killed(core: Any) -> None:
    """It asks, the core is slow, the time is over: told to end its guest, it just asks again."""
    core.delay_s = 10
    question = ("operations/person.graphql", "{}")
    end, runner = await converse(lambda token: [pack(Kind.EXECUTE, token, (), question)] * 3, core, Limits(wall_ms=50))
    assert isinstance(end, MiniAppTimeout)
    assert runner.killed
    assert {Kind(frame.kind) for frame in runner.heard} == {Kind.CALL, Kind.ABORT}


@pytest.mark.parametrize("length", [0, 3, FRAME_BYTES_MAX + 1, 0xFFFFFFFF])
async def test_a_frame_of_impossible_length_cuts_the_runner_off_at_once(length: int) -> None:
    """Nothing is kept of what it goes on to send."""
    wire = _Wire()
    wire.data_received(length.to_bytes(4, "little") + b"\0" * 64)
    with pytest.raises(RunnerGone):
        await wire.receive()
    wire.data_received(b"\0" * 1024)
    assert len(wire._received) == 0
