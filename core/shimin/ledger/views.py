"""What other domains and the platform's own people may read of the ledger; citizens see payments, never accounts."""

from collections.abc import Mapping, Sequence

from shimin.db import Reader
from shimin.ledger import rows
from shimin.ledger.model import Account, Transfer

TRANSFERS_MAX = 500


async def find_account(reader: Reader, account_id: str) -> Account | None:
    """Return one account with its balance as this reader sees it."""
    return await rows.find_account(reader, account_id)


async def find_transfers(reader: Reader, ids: Sequence[str]) -> Mapping[str, Transfer]:
    """Return those of these transfers that exist, by id; at most ``TRANSFERS_MAX`` are asked for at once."""
    if len(ids) > TRANSFERS_MAX:
        message = f"at most {TRANSFERS_MAX} transfers at once"
        raise ValueError(message)
    return {transfer.id: transfer for transfer in await rows.some_transfers(reader, ids)}
