"""What answers teach of limits is one row, whichever worker learned it."""

from __future__ import annotations

import asyncio
from typing import Any

from behaviour.channel.bench import Bench
from behaviour.channel.world import World
from herald.channel.limits.adaptation import HARD
from herald.channel.limits.feedback import Feedback
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Budget, Scope
from herald.providers.sending import Accepted, Refused
from unit.channel.making import seconds

ACCOUNT = Budget("account:main", 100.0, 100.0, Scope.ACCOUNT)
PAIR = Budget("pair:main::00ff", 0.2, 1.0, Scope.PAIR)
DRAWN = (ACCOUNT, PAIR)
TAKEN = Accepted(("1",))


class Known:
    """What a worker knows of its limits."""

    def __init__(self) -> None:
        self.factors: dict[str, float] = {}
        self.blocked: dict[str, float] = {}

    def factor(self, key: str) -> float:
        return self.factors.get(key, 1.0)

    def block(self, key: str, seconds: float) -> None:
        self.blocked[key] = seconds


def limited(scope: Scope, wait: float | None = None) -> Refused:
    asked = None if wait is None else seconds(wait)
    return Refused(Failure.of(FailureClass.RATE_LIMITED, 7, retry_after=asked), scope=scope)


async def row(world: World, budget: Budget) -> dict[str, Any]:
    found = await world.database.fetchrow(
        "SELECT *, blocked_until - clock_timestamp() AS blocked FROM channel.buckets"
        " WHERE key = $1",
        budget.key,
    )
    return {} if found is None else dict(found)


async def test_workers_learn_together(bench: Bench, world: World) -> None:
    """Two workers that are throttled in the same second lower the account's rate once."""
    workers = [Feedback(bench.database, Known()) for _ in range(2)]
    for worker in workers:
        for _ in range(20):
            assert worker.note(DRAWN, limited(Scope.ACCOUNT)) is ACCOUNT
    await asyncio.gather(*(worker.write() for worker in workers))
    assert (await row(world, ACCOUNT))["factor"] == HARD
    assert await row(world, PAIR) == {}


async def test_a_throttled_recipient_slows_nobody_else(bench: Bench, world: World) -> None:
    """A pair waits by itself: its account's rate stays what it is."""
    feedback = Feedback(bench.database, known := Known())
    assert feedback.note(DRAWN, limited(Scope.PAIR, wait=3)) is PAIR
    assert known.blocked == {PAIR.key: 3.0}
    await feedback.write()
    pair = await row(world, PAIR)
    assert seconds(2) < pair["blocked"] <= seconds(3)
    assert (pair["backoff"], pair["factor"]) == (1, 1.0)
    assert await row(world, ACCOUNT) == {}


async def test_an_answer_as_usual_costs_nothing(bench: Bench, world: World) -> None:
    """While nothing is throttled good answers are not written; afterwards they raise the rate."""
    feedback = Feedback(bench.database, known := Known())
    feedback.note(DRAWN, TAKEN)
    await feedback.write()
    assert await row(world, ACCOUNT) == {}
    await world.database.execute(
        "INSERT INTO channel.buckets (key, factor, ceiling, decreased_at)"
        " VALUES ($1, 0.4, 0.5, clock_timestamp() - interval '1 minute')",
        ACCOUNT.key,
    )
    known.factors[ACCOUNT.key] = 0.4
    feedback.note(DRAWN, TAKEN)
    feedback.note(DRAWN, TAKEN)
    await feedback.write()
    assert 0.4 < (await row(world, ACCOUNT))["factor"] < 0.5


async def test_nothing_is_forgotten_while_the_database_is_away(bench: Bench, world: World) -> None:
    """What could not be written is written when the database is back."""
    feedback = Feedback(bench.database, Known())
    feedback.note(DRAWN, limited(Scope.ACCOUNT, wait=600))
    await bench.gate.shut()
    running = asyncio.create_task(feedback.run())
    await asyncio.sleep(0.2)
    await bench.gate.open()
    try:
        async with asyncio.timeout(10):
            while not await row(world, ACCOUNT):  # noqa: ASYNC110  seen from outside
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
    kept = await row(world, ACCOUNT)
    assert kept["factor"] == HARD
    assert kept["blocked"] > seconds(590)


async def test_a_probe_that_is_taken_ends_a_hold(bench: Bench, world: World) -> None:
    """One good answer to a call let through ends what a provider asked for, for all workers."""
    feedback = Feedback(bench.database, Known())
    feedback.note(DRAWN, limited(Scope.ACCOUNT, wait=600))
    await feedback.write()
    feedback.note(DRAWN, TAKEN, is_probe=True)
    await feedback.write()
    assert (await row(world, ACCOUNT))["blocked"] is None


async def test_an_account_that_was_down_opens_gradually(bench: Bench, world: World) -> None:
    """The row says so before anybody learns that the account is up."""
    await Feedback(bench.database, Known()).reopen(ACCOUNT)
    assert (await row(world, ACCOUNT))["factor"] == 0.05


async def test_slow_answers_slow_only_an_account_that_has_less_than_its_rate(
    bench: Bench, world: World
) -> None:
    """A provider that is back and slow is not called faster; one that is well may take its time."""
    result = Accepted(("1",))
    for factor, after in ((1.0, 1.0), (0.5, 0.5 * HARD)):
        await world.database.execute("DELETE FROM channel.buckets")
        await world.database.execute(
            "INSERT INTO channel.buckets (key, factor, ceiling) VALUES ($1, $2, 1)",
            ACCOUNT.key,
            factor,
        )
        known = Known()
        known.factors[ACCOUNT.key] = factor
        feedback = Feedback(bench.database, known)
        feedback.note((ACCOUNT,), result, is_slow=True)
        await feedback.write()
        assert (await row(world, ACCOUNT))["factor"] == after
