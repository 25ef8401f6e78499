"""The ledger under random commands, beside a model of three numbers per account."""

import asyncio
from collections import Counter
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from shimin import ledger
from shimin.db import Database, open_database
from shimin.kit.call import system_call
from shimin.kit.clock import FixedClock
from shimin.kit.money import Money
from shimin.kit.refusal import Refusal

CALL = system_call()
AMOUNTS = st.integers(min_value=1, max_value=400)
PLACES = st.integers(min_value=0, max_value=3)
PICKS = st.integers(min_value=0, max_value=20)
_machines = count(1)


class LedgerMachine(RuleBasedStateMachine):
    """Holds, posts, voids, repeats and contradicts; after each step the books must be what the model says."""

    runner: asyncio.Runner
    db: Database
    clock: FixedClock

    def __init__(self) -> None:
        """Open four accounts of this run's own: the world outside and three that may not go negative."""
        super().__init__()
        self.run_number = next(_machines)
        self.orders: list[ledger.HoldTransfer] = []
        self.states: dict[str, str] = {}
        self.posted: Counter[str] = Counter()
        self.held: Counter[str] = Counter()
        accounts = [
            ledger.OpenAccount("channel", f"c{self.run_number}", "clearing"),
            *(ledger.OpenAccount("department", f"d{self.run_number}.{number}", "payee") for number in range(3)),
        ]
        self.accounts = [account.id for account in accounts]

        async def open_all() -> None:
            async with self.db.unit() as unit:
                for account in accounts:
                    await ledger.open_account(CALL, account, unit=unit, clock=self.clock)

        self.runner.run(open_all())

    @rule(giving=PLACES, taking=PLACES, amount_minor=AMOUNTS)
    def hold(self, giving: int, taking: int, amount_minor: int) -> None:
        """Hold a new amount: exactly when two accounts differ and the first covers it."""
        number = len(self.orders)
        giver, taker = self.accounts[giving], self.accounts[taking]
        order = ledger.HoldTransfer(
            id=f"trf_{self.run_number}_{number}",
            idempotency_key=f"key-{self.run_number}-{number}",
            from_account=giver,
            to_account=taker,
            amount=Money(amount_minor),
            purpose="test",
        )
        covered = giving == 0 or self.posted[giver] - self.held[giver] >= amount_minor
        allowed = giver != taker and covered
        assert self._held(order) == allowed
        if allowed:
            self.orders.append(order)
            self.states[order.id] = "PENDING"
            self.held[giver] += amount_minor

    @rule(pick=PICKS)
    def hold_again(self, pick: int) -> None:
        """Repeat an earlier order: the same transfer as it is now, and nothing else happens."""
        if self.orders:
            order = self.orders[pick % len(self.orders)]
            assert self.runner.run(self._hold(order)).state.value == self.states[order.id]

    @rule(pick=PICKS, amount_minor=st.integers(min_value=401, max_value=500))
    def contradict(self, pick: int, amount_minor: int) -> None:
        """Use an earlier key for something else: refused."""
        if self.orders:
            old = self.orders[pick % len(self.orders)]
            other = ledger.HoldTransfer(
                old.id, old.idempotency_key, old.from_account, old.to_account, Money(amount_minor), old.purpose
            )
            assert not self._held(other)

    @rule(pick=PICKS, posts=st.booleans())
    def end(self, pick: int, posts: bool) -> None:  # noqa: FBT001 - hypothesis passes it by name
        """End a transfer one way: possible while pending, harmless again, refused the other way."""
        if not self.orders:
            return
        order = self.orders[pick % len(self.orders)]
        wanted = "POSTED" if posts else "VOIDED"
        was = self.states[order.id]
        ended = self._done(self._end(order.id, posts=posts))
        assert ended == (was in {"PENDING", wanted})
        if was == "PENDING":
            self.states[order.id] = wanted
            amount = order.amount.amount_minor
            self.held[order.from_account] -= amount
            if posts:
                self.posted[order.from_account] -= amount
                self.posted[order.to_account] += amount

    @invariant()
    def every_balance_is_the_models(self) -> None:
        """Balances and holds are what the model counted."""
        found = self.runner.run(self._balances())
        assert found == {name: (self.posted[name], self.held[name]) for name in self.accounts}

    def teardown(self) -> None:
        """At the end everything adds up from the entries."""
        report = self.runner.run(self._verify())
        assert report.is_balanced, report.findings

    def _held(self, order: ledger.HoldTransfer) -> bool:
        return self._done(self._hold(order))

    def _done(self, deed: object) -> bool:
        try:
            self.runner.run(deed)  # type: ignore[arg-type]
        except Refusal:
            return False
        return True

    async def _hold(self, order: ledger.HoldTransfer) -> ledger.Transfer:
        async with self.db.unit() as unit:
            return await ledger.hold(CALL, order, unit=unit, clock=self.clock)

    async def _end(self, transfer_id: str, *, posts: bool) -> ledger.Transfer:
        async with self.db.unit() as unit:
            verb = ledger.post if posts else ledger.void
            return await verb(CALL, transfer_id, unit=unit, clock=self.clock)

    async def _balances(self) -> dict[str, tuple[int, int]]:
        async with self.db.reader() as reader:
            found = [await ledger.find_account(reader, name) for name in self.accounts]
        return {item.id: (item.posted.amount_minor, item.held.amount_minor) for item in found if item}

    async def _verify(self) -> ledger.LedgerReport:
        async with self.db.reader(snapshot=True) as reader:
            return await ledger.verify(reader)


def test_the_books_stay_right_under_random_commands(
    database_url: str, models: tuple[str, ...], frozen_clock: FixedClock
) -> None:
    """Sum zero, each balance the sum of its entries, no effect twice, no key with two meanings."""
    with asyncio.Runner() as runner:
        db = runner.run(open_database(database_url, models=models, pool_size=2, clock=frozen_clock))
        machine = type("Machine", (LedgerMachine,), {"runner": runner, "db": db, "clock": frozen_clock})
        try:
            run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=30))
        finally:
            runner.run(db.close())
