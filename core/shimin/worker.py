"""Relaying facts to those who react, and the few jobs that run by the clock."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from shimin.assembly import Platform, open_platform
from shimin.config import Settings
from shimin.db import Relay, RelayLimits
from shimin.reactions import JOBS, Job, handlers

LIMITS = RelayLimits(handler_timeout_s=12.0, lease_s=20.0)
"""No reaction waits longer than a payment channel or a department may take; a killed worker's facts go on soon."""
log = structlog.get_logger("shimin.worker")


@asynccontextmanager
async def relaying(platform: Platform) -> AsyncIterator[Relay]:
    """Relay facts and run jobs while the block lasts; what is under way is finished or taken over later."""
    relay = Relay(platform.db, handlers(platform), clock=platform.clock, limits=LIMITS)
    tasks = [asyncio.create_task(relay.run()), *(asyncio.create_task(_repeat(job, platform)) for job in JOBS)]
    try:
        yield relay
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def _repeat(job: Job, platform: Platform) -> None:
    """Run a job over and over; a failure is logged and the next turn comes all the same."""
    while True:
        await asyncio.sleep(job.every_s)
        try:
            await job.run(platform)
        except Exception:
            log.exception("job.failed", job=job.name)


async def run_worker(settings: Settings) -> None:
    """Relay facts and run jobs until the process is asked to stop."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with open_platform(settings) as platform, relaying(platform):
        log.info("worker.ready", database=platform.db.engine)
        await stopping.wait()
