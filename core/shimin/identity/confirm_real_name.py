"""Raise a citizen to assurance level 2 by asking the population register."""

from datetime import timedelta

from shimin.db import Database
from shimin.identity import rows
from shimin.identity.errors import (
    IdentityAlreadyConfirmed,
    IdentityNotMatched,
    IdentityTaken,
    IdentityTriedTooOften,
)
from shimin.identity.facts import IdentityConfirmed
from shimin.identity.model import Person, check_id_number, clean_name, mask_name
from shimin.kit.call import Call
from shimin.kit.clock import Clock
from shimin.kit.ids import CitizenId
from shimin.ports.source import Source, SourceQuestion, SourceUnavailable

SOURCE = "population"
OPERATION = "match"
ASSURANCE = 2
TRIES_MAX = 5
TRIES_WINDOW = timedelta(days=1)
JURISDICTION_AHEAD = timedelta(hours=8)
"""Dates of birth are days in China Standard Time."""


async def confirm_real_name(
    call: Call, name: str, id_number: str, *, db: Database, source: Source, clock: Clock
) -> int:
    """Bind the caller to the person of that name and id number, if the register knows them; return the level reached.

    The register answers match or no match and discloses nothing. One person has one account. Confirming the same
    person again changes nothing.

    Raises:
        NotSignedIn, NotAllowed: only a citizen in person confirms their own name.
        InvalidName, InvalidIdNumber: as written; no try is used up.
        IdentityNotMatched: with the tries left today; IdentityTriedTooOften: none is.
        IdentityAlreadyConfirmed: the caller is confirmed as another person.
        IdentityTaken: the person is confirmed under another account.
        SourceUnavailable: the register does not answer; no try is used up.
    """
    citizen_id = call.need_self()
    now = clock.now()
    person = Person(
        name=clean_name(name), id_number=check_id_number(id_number, today=(now + JURISDICTION_AHEAD).date())
    )
    async with db.unit() as unit:
        bound = await rows.find_person_row(unit, citizen_id)
        if bound is not None:
            return _already(person, bound["name"], bound["id_number"])
        used = await rows.reserve_confirmation(unit, citizen_id, now=now, window=TRIES_WINDOW, tries_max=TRIES_MAX)
        if used is None:
            began_at = await rows.confirmation_window_start(unit, citizen_id) or now
            raise IdentityTriedTooOften(retry_after_s=max(1, int((began_at + TRIES_WINDOW - now).total_seconds())))
    try:
        answer = await source.ask(
            SourceQuestion(
                source=SOURCE,
                operation=OPERATION,
                inputs={"name": person.name, "id_number": person.id_number},
                trace_id=call.trace_id,
            )
        )
    except SourceUnavailable:
        async with db.unit() as unit:
            await rows.return_confirmation(unit, citizen_id)
        raise
    if answer.data["match"] is not True:
        raise IdentityNotMatched(tries_left=TRIES_MAX - used)
    return await _bind(citizen_id, person, db=db, clock=clock)


async def _bind(citizen_id: CitizenId, person: Person, *, db: Database, clock: Clock) -> int:
    """Write the matched person down, unless the citizen or the person is bound meanwhile."""
    async with db.unit() as unit:
        added = await rows.add_person(
            unit,
            citizen_id,
            person.name,
            person.id_number,
            name_masked=mask_name(person.name),
            now=clock.now(),
        )
        if added:
            await unit.emit(IdentityConfirmed(citizen_id=citizen_id, assurance=ASSURANCE))
            return ASSURANCE
        bound = await rows.find_person_row(unit, citizen_id)
    if bound is None:
        raise IdentityTaken
    return _already(person, bound["name"], bound["id_number"])


def _already(person: Person, name: str, id_number: str) -> int:
    """Return the level where the citizen is bound to just this person."""
    if (person.name, person.id_number) != (name, id_number):
        raise IdentityAlreadyConfirmed
    return ASSURANCE
