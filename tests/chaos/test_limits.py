"""Four workers share an account's limits: exact, soon, and nobody held by another one.

Run large with `make chaos`.
"""

from __future__ import annotations

import asyncio
import sys
from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from statistics import quantiles
from typing import Any

import pytest

from chaos.limited import Draw, Limited, limited_workers, works
from chaos.size import SHORT, SIZE
from herald.contracts.vocabulary import Lane
from herald.database.migrations import migrate

IS_LARGE = SIZE is not SHORT
LATE_SHARE = 0.05  # that a busy machine may bring back more than two seconds after their turn


@pytest.fixture(scope="module")
def dsn(postgres_dsn: str) -> str:
    """Give a migrated database."""
    asyncio.run(migrate(postgres_dsn))
    return postgres_dsn


def most_within(draws: list[Draw], seconds: float) -> int:
    """Return how many slots were given at most in any stretch of so many seconds."""
    ordered = sorted(draws, key=lambda draw: draw.answered_at)
    times = [draw.answered_at for draw in ordered]
    sums = [0, *accumulate(draw.given for draw in ordered)]
    return max(sums[bisect_left(times, at + seconds)] - sums[i] for i, at in enumerate(times))


def say(capfd: pytest.CaptureFixture[str], text: str) -> None:
    with capfd.disabled():
        sys.stderr.write(f"\n{text}\n")


async def test_the_budget_is_used_and_never_passed(
    dsn: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """100/s by four workers: 99 % of it is used, and never more in a second plus the burst."""
    rate, lasts = 100, 60 if IS_LARGE else 5
    async with limited_workers(dsn, rate=float(rate), burst=float(rate)) as limited:
        limited.put(*works(rate * (lasts + 4), lane=Lane.URGENT))
        await limited.until_called(rate * (lasts + 1), within_seconds=lasts + 30)
        draws = [draw for draw in limited.draws if draw.given]
    took = draws[-1].answered_at - draws[0].answered_at
    share = (sum(draw.given for draw in draws) - rate) / (rate * took)
    slowest = max(draw.answered_at - draw.asked_at for draw in draws)
    most, statements = most_within(draws, 1.0), len(limited.draws) / took
    say(
        capfd,
        f"{rate}/s, {took:.1f} s: {share:.2%} of the budget, at most {most} in 1 s, answered"
        f" within {slowest * 1e3:.0f} ms, {statements:.0f} statements a second",
    )
    assert (0.99 if IS_LARGE else 0.95) < share < 1 + slowest / took + 0.001
    assert most <= rate * (1 + slowest) + rate + 1  # when they were given is known as exactly
    assert statements <= 110


async def test_what_waits_takes_two_trips(dsn: str, capfd: pytest.CaptureFixture[str]) -> None:
    """10,000 that come at once at 80/s: each is called in its turn, few of them after a third trip.

    Four workers and the routers are one process here: while it is busy some come back too late.
    """
    number, rate = (10_000, 80.0) if IS_LARGE else (1000, 200.0)
    async with limited_workers(dsn, rate=rate) as limited:
        limited.put(*works(number))
        await limited.until_called(number, within_seconds=number / rate * 1.5 + 10)
    trips = Counter(limited.trips.values())
    took = max(call.at for call in limited.calls) - min(call.at for call in limited.calls)
    say(
        capfd,
        f"{number} at {rate:.0f}/s: trips {dict(trips)}, all called in {took:.0f} s, "
        f"{len(limited.draws) / took:.0f} statements a second",
    )
    assert len({call.work.attempt_id for call in limited.calls}) == len(limited.calls) == number
    assert max(trips) <= 3
    assert trips[3] <= LATE_SHARE * number
    assert took <= number / rate * 1.05 + 1


async def test_a_throttled_sender_holds_nobody_else(
    dsn: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """While hundreds wait for one sender's slots, those of another wait no longer than before."""
    options: dict[str, Any] = {"rate": 400.0, "sender_rate": 100.0, "burst": 400.0}
    slow, fast = "+15550000001", "+15550000002"
    waits: dict[bool, list[float]] = {}
    for is_throttled in (False, True):
        async with limited_workers(dsn, **options) as limited:
            if is_throttled:
                limited.put(*works(1000, sender=slow))
                await limited.until_called(100, within_seconds=10)
            for _ in range(30):
                limited.put(*works(3, sender=fast))
                await asyncio.sleep(0.05)
            while sum(call.work.sender == fast for call in limited.calls) < 90:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        waits[is_throttled] = [it.waited for it in limited.calls if it.work.sender == fast]
    before, after = (quantiles(waits[it], n=20)[-1] for it in (False, True))
    say(capfd, f"another sender's p95: {before * 1e3:.0f} ms alone, {after * 1e3:.0f} ms beside it")
    assert after < max(3 * before, 1.0), "behind the other it would be ten seconds"


async def test_urgent_work_finds_a_slot_while_bulk_takes_all_it_may(
    dsn: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A fifth of the bucket is kept for it."""
    waits: dict[bool, list[float]] = {}
    share = 0.0
    for is_beside in (False, True):
        async with limited_workers(dsn, rate=100.0) as limited:
            if is_beside:
                limited.put(*works(1000, lane=Lane.BULK))
                await limited.until_called(250, within_seconds=10)  # the first rush is over
            begun, at = len(limited.calls), asyncio.get_running_loop().time()
            for _ in range(20):
                limited.put(*works(1, lane=Lane.URGENT))
                await asyncio.sleep(0.07)
            while len(urgent := _of(limited, Lane.URGENT)) < 20:  # noqa: ASYNC110  seen from outside
                await asyncio.sleep(0.02)
            took = asyncio.get_running_loop().time() - at
            share = (len(limited.calls) - begun) / took / 100
        waits[is_beside] = urgent
    alone, beside = (quantiles(waits[it], n=20)[14] for it in (False, True))  # all in one process
    say(
        capfd,
        f"urgent p75: {alone * 1e3:.0f} ms alone, {beside * 1e3:.0f} ms beside bulk,"
        f" {share:.0%} of the rate in all",
    )
    assert beside < max(3 * alone, 0.5), "behind bulk it would be seconds"
    assert share > 0.8


def _of(limited: Limited, lane: Lane) -> list[float]:
    return [call.waited for call in limited.calls if call.work.lane is lane]


async def test_a_worker_that_dies_takes_its_lease_along_and_nothing_else(dsn: str) -> None:
    """Its slots are lost for a moment; the others use the budget from then on."""
    async with limited_workers(dsn, replicas=2, rate=100.0) as limited:
        limited.put(*works(900))
        await limited.until_called(150, within_seconds=10)
        limited.runs[0].cancel()
        begun = len(limited.calls)
        await limited.until_called(begun + 150, within_seconds=3)
