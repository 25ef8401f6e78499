"""Tell every process that a session ended or its subject's authority changed."""

from shimin.db import Database
from shimin.identity import session_rows
from shimin.identity.verified_tokens import TOPIC
from shimin.kit.clock import Clock
from shimin.ports.pubsub import PubSub


async def spread_session(session_id: str, *, pubsub: PubSub) -> None:
    """Have every process forget a session's verified tokens: the reaction to ``session.revoked``."""
    await pubsub.publish(TOPIC, session_id.encode("ascii"))


async def spread_subject(subject_id: str, *, db: Database, pubsub: PubSub, clock: Clock) -> None:
    """Have every process look again at what a person may do.

    The reaction to ``identity.confirmed`` and ``staff.appointed``.
    """
    async with db.reader() as reader:
        session_ids = await session_rows.live_sessions(reader, subject_id, now=clock.now())
    for session_id in session_ids:
        await spread_session(session_id, pubsub=pubsub)
