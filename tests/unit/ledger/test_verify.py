"""That verifying finds whatever somebody with the database in their hands could do, and that little can be done."""

from typing import Any

import pytest

from shimin import ledger
from shimin.kit.money import Money

ENTRY = "INSERT INTO ledger_entry (id, transfer_id, account_id, amount_minor, currency, posted_at)"
TRANSFER = (
    "INSERT INTO ledger_transfer (id, idempotency_key, from_account, to_account, amount_minor, currency, purpose,"
    " state, trace_id, held_at) VALUES ('trf_x', 'key-x', $1, $2, 5, 'CNY', 'payment', 'POSTED', 'trc', $3)"
)


@pytest.fixture
async def moved(books: Any) -> Any:
    """Give a ledger with one posted and one pending transfer."""
    await books.hold(books.order(1))
    await books.post("trf_1")
    await books.hold(books.order(2, 70))
    assert (await books.verify()).is_balanced
    return books


def kinds(report: ledger.LedgerReport) -> set[str]:
    """Return the kinds of finding."""
    return {finding.kind for finding in report.findings}


async def test_the_trial_balance_names_every_account_and_sums_to_zero(moved: Any) -> None:
    balance = (await moved.verify()).balance
    assert {(account.id, account.posted, account.held) for account in balance.accounts} == {
        (moved.world, Money(-500), Money(70)),
        (moved.police, Money(0), Money(0)),
        (moved.hrss, Money(500), Money(0)),
    }
    assert balance.sums == (ledger.CurrencySums("CNY", 0, 0),)
    assert balance.transfers == {"PENDING": 1, "POSTED": 1}


async def test_a_changed_balance_is_found(moved: Any) -> None:
    await moved.run("UPDATE ledger_account SET posted_minor = posted_minor + 1 WHERE id = $1", moved.hrss)
    assert kinds(await moved.verify()) == {"currency_not_zero", "balance_is_not_sum_of_entries"}


async def test_a_changed_balance_with_its_opposite_is_found(moved: Any) -> None:
    await moved.run("UPDATE ledger_account SET posted_minor = posted_minor + 1 WHERE id = $1", moved.hrss)
    await moved.run("UPDATE ledger_account SET posted_minor = posted_minor - 1 WHERE id = $1", moved.world)
    report = await moved.verify()
    assert kinds(report) == {"balance_is_not_sum_of_entries"}
    assert {finding.where for finding in report.findings} == {moved.hrss, moved.world}


async def test_a_changed_hold_is_found(moved: Any) -> None:
    await moved.run("UPDATE ledger_account SET held_minor = held_minor + 1 WHERE id = $1", moved.world)
    assert kinds(await moved.verify()) == {"held_is_not_sum_of_pending"}


async def test_a_one_sided_entry_is_found(moved: Any) -> None:
    at = moved.clock.now()
    await moved.run(f"{ENTRY} VALUES ('e', 'trf_9', $1, 5, 'CNY', $2)", moved.hrss, at)
    assert kinds(await moved.verify()) == {
        "currency_not_zero",
        "balance_is_not_sum_of_entries",
        "entries_without_posting",
    }


async def test_entries_of_a_transfer_that_is_only_pending_are_found(moved: Any) -> None:
    at = moved.clock.now()
    await moved.run(f"{ENTRY} VALUES ('e1', 'trf_2', $1, -70, 'CNY', $2)", moved.world, at)
    await moved.run(f"{ENTRY} VALUES ('e2', 'trf_2', $1, 70, 'CNY', $2)", moved.hrss, at)
    assert "entries_without_posting" in kinds(await moved.verify())


async def test_a_transfer_posted_without_entries_is_found(moved: Any) -> None:
    await moved.run(TRANSFER, moved.world, moved.hrss, moved.clock.now())
    report = await moved.verify()
    assert [(finding.kind, finding.where) for finding in report.findings] == [("posted_without_its_entries", "trf_x")]


async def test_an_entry_in_another_currency_is_found(moved: Any) -> None:
    await moved.run(f"{ENTRY} VALUES ('e', 'trf_1', $1, 5, 'HKD', $2)", moved.police, moved.clock.now())
    assert "entry_in_wrong_currency" in kinds(await moved.verify())


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE ledger_entry SET amount_minor = amount_minor + 1",
        "DELETE FROM ledger_entry",
        "DELETE FROM ledger_transfer",
        "UPDATE ledger_transfer SET state = 'VOIDED' WHERE id = 'trf_1'",
        "UPDATE ledger_transfer SET amount_minor = 1 WHERE id = 'trf_1'",
        "UPDATE ledger_account SET posted_minor = -1 WHERE kind = 'payee'",
        "UPDATE ledger_account SET held_minor = -1 WHERE kind = 'clearing'",
    ],
)
async def test_the_database_itself_refuses_what_no_ledger_does(moved: Any, deed: str) -> None:
    """Migration 0003: entries and ended transfers are final, accounts cover what is held."""
    with pytest.raises(Exception, match=r"ledger|covered"):
        await moved.run(deed)
    assert (await moved.verify()).is_balanced
