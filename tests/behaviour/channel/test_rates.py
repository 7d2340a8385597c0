"""Rates: a slot waits a moment for its token, then the work goes back with a wait."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from behaviour.channel.world import World, attempt_id
from herald.contracts.durations import parse_duration
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope
from herald.providers.sending import Refused


async def test_past_the_patience_work_is_returned_with_a_wait(world: World) -> None:
    """At 5/s, a second's worth goes at once, two seconds' worth waits, the rest goes back."""
    attempts = [attempt_id() for _ in range(30)]
    await world.send(*attempts)
    started = time.monotonic()
    async with world.channel(rate="5/s"):
        receipts = await world.receipts(30)
        took = time.monotonic() - started
    made = [receipt for receipt in receipts if receipt["status"] == "accepted"]
    returned = [receipt for receipt in receipts if receipt["status"] == "returned"]
    assert len(made) + len(returned) == 30
    assert 13 <= len(made) <= 17  # 4 or 5 at once, 10 waiting, and what came between batches
    assert len(world.provider.calls) == len(made)
    assert took > 1.8
    for receipt in returned:
        assert receipt["returned"]["reason"] == "rate_limit"
        assert parse_duration(receipt["returned"]["wait"]) > timedelta(seconds=1.75)
        assert receipt["returned"]["grant"]["key"] == "account:main"
        assert "not_before" not in receipt["returned"]
        assert await world.row(receipt["attempt_id"]) is None
    assert await world.unsettled() == 0


async def test_a_429_silences_the_account_as_long_as_asked(world: World) -> None:
    """After a refusal for the rate the next work goes back with the provider's own wait."""
    failure = Failure.of(FailureClass.RATE_LIMITED, 20429, retry_after=timedelta(seconds=60))
    world.provider.response = lambda _: Refused(failure, scope=Scope.ACCOUNT)
    first, second = attempt_id(), attempt_id()
    async with world.channel():
        await world.send(first)
        [refused] = await world.receipts(1)
        await world.send(second)
        [returned] = await world.receipts(1)
    assert refused["failure"]["class"] == "rate_limited"
    assert returned["returned"]["reason"] == "rate_limit"
    wait = parse_duration(returned["returned"]["wait"])
    assert timedelta(seconds=50) < wait <= timedelta(seconds=60)
    assert world.provider.calls_of(second) == 0


async def test_a_limit_of_one_recipient_silences_nobody_else(world: World) -> None:
    """When only a recipient may get no more, the account's other calls are made at once."""
    failure = Failure.of(FailureClass.RATE_LIMITED, 131056, retry_after=timedelta(seconds=60))
    world.provider.response = lambda _: Refused(failure, scope=Scope.PAIR)
    first, second = attempt_id(), attempt_id()
    async with world.channel():
        await world.send(first)
        await world.receipts(1)
        await world.send(second)
        await world.receipts(1)
    assert world.provider.calls_of(second) == 1


async def test_a_token_past_the_deadline_is_too_late(world: World) -> None:
    """Work whose token comes after its time is not kept waiting for it."""
    soon = datetime.now(UTC) + timedelta(seconds=30)
    failure = Failure.of(FailureClass.RATE_LIMITED, 20429, retry_after=timedelta(hours=1))
    world.provider.response = lambda _: Refused(failure, scope=Scope.ACCOUNT)
    first, second = attempt_id(), attempt_id()
    async with world.channel():
        await world.send(first)
        await world.receipts(1)
        await world.send(second, not_after=soon)
        [receipt] = await world.receipts(1)
    assert receipt["returned"]["reason"] == "too_late"
