"""One step of a release from state to state: guarded, written once, told to whoever listens."""

from shimin import audit
from shimin.db import Unit
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.refusal import NotFound
from shimin.releases import rows
from shimin.releases.facts import ReleaseMoved
from shimin.releases.model import Release, State, after


async def advance(call: Call, release_id: str, command: str, *, unit: Unit, clock: Clock) -> Release:
    """Apply a command to a release and return it in its new state.

    Raises:
        NotFound: there is no such release.
        InvalidTransition: the command does not fit the state, or somebody else moved it first.
    """
    found = await rows.find(unit, release_id)
    if found is None:
        raise NotFound
    release, _ = found
    target = after(release.state, command)
    if not await rows.move(unit, release_id, release.state, target, clock.now()):
        after(await _state(unit, release_id), command)
        raise NotFound
    await audit.record(
        call,
        audit.Entry(
            action=f"release.{command}",
            subject=release_id,
            details={"app_id": release.app_id, "digest": release.digest, "state": target.value},
        ),
        unit=unit,
        clock=clock,
    )
    await unit.emit(
        ReleaseMoved(
            release_id=release_id,
            app_id=release.app_id,
            command=command,
            state=target.value,
            actor_id=call.actor.id,
        )
    )
    moved = await rows.find(unit, release_id)
    if moved is None:
        raise NotFound
    return moved[0]


async def _state(unit: Unit, release_id: str) -> State:
    found = await rows.find(unit, release_id)
    if found is None:
        raise NotFound
    return found[0].state
