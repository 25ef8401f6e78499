"""``shimin worker``: relay facts and run jobs beside the servers."""

import asyncio

from shimin.config import load_settings
from shimin.worker import run_worker


def worker() -> None:
    """Relay facts and run jobs until stopped; several may run side by side on PostgreSQL.

    Example: SHIMIN_DATABASE_URL=postgres://… shimin worker
    """
    asyncio.run(run_worker(load_settings()))
