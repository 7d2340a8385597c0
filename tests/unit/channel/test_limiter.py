"""What several workers may call together, with rows in memory and a clock of the test's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.channel.limits.buckets import Ask, Drawn
from herald.channel.limits.leases import Token
from herald.channel.limits.limiter import Limiter
from herald.channel.limits.wants import Refusal, Want
from herald.contracts.vocabulary import Lane
from herald.providers.budgets import Budget, Scope
from unit.channel.memory_rows import MemoryRows

KEY = "account:one"


class Clock:
    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def limiters(number: int, now: float = 0.0) -> tuple[Clock, MemoryRows, list[Limiter]]:
    clock = Clock(now)
    rows = MemoryRows(clock)
    return clock, rows, [Limiter(rows, clock) for _ in range(number)]


def wants(number: int, rate: float, burst: float | None = None, *, due: bool = False) -> list[Want]:
    budget = Budget(KEY, rate, max(rate, 1.0) if burst is None else burst, Scope.ACCOUNT)
    return [Want.of((budget,), due=due)] * number


def tokens(answers: list[Token | Refusal]) -> list[Token]:
    return [answer for answer in answers if isinstance(answer, Token)]


@pytest.mark.parametrize(
    ("rate", "burst"),
    [(0.2, 1.0), (1.0, 1.0), (7.0, 7.0), (80.0, 80.0), (100.0, 3.0), (1000.0, 1000.0)],
)
@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.001, 0.01, 0.05, 0.19, 0.5, 3.0]),
            st.integers(0, 2),
            st.sampled_from(list(Lane)),
            st.integers(1, 40),
            st.booleans(),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_never_more_than_the_rate_and_one_burst(
    rate: float, burst: float, batches: list[tuple[float, int, Lane, int, bool]]
) -> None:
    """In any stretch of time, by any worker, from a lease or not."""
    clock, _, several = limiters(3)
    called: list[float] = []

    async def run() -> None:
        for gap, number, lane, size, due in batches:
            clock.now += gap
            answers = await several[number].reserve(lane, wants(size, rate, burst, due=due))
            called.extend(max(token.at, clock.now) for token in tokens(answers))

    asyncio.run(run())
    interval, drawn = 1 / rate, 0.0
    for at in sorted(called):
        drawn = max(drawn, at) + interval  # the moment by which what was called is earned
        assert drawn - at <= burst * interval + 1e-6 * (1 + len(called))


@pytest.mark.parametrize("now", [0.0, 4733.123456789, 9_876_543.21])
async def test_a_burst_is_whole_at_any_time(now: float) -> None:
    """However a monotonic clock rounds, no slot comes a hair too late."""
    _, _, [one] = limiters(1, now)
    assert len(tokens(await one.reserve(Lane.URGENT, wants(40, 10)))) == 10


async def test_a_slow_rate_gives_one_at_a_time() -> None:
    """A rate below one a second has room for one call, not for a fraction."""
    _, _, [one] = limiters(1)
    first, second = await one.reserve(Lane.BULK, wants(2, 0.5))
    assert isinstance(first, Token)
    assert second == Refusal(KEY, 2.0, has_place=True)


async def test_idle_time_fills_it_up_to_one_burst() -> None:
    """An hour of silence earns a second's worth, not an hour's."""
    clock, _, [one] = limiters(1)
    await one.reserve(Lane.URGENT, wants(30, 10))
    clock.now = 3600.0
    assert len(tokens(await one.reserve(Lane.URGENT, wants(11, 10)))) == 10


async def test_slots_of_a_lease_that_nobody_used_go_back() -> None:
    """Where the bucket has no more to spare; others find them there again."""
    clock, rows, [one, other] = limiters(2)
    made = tokens(await one.reserve(Lane.URGENT, wants(8, 10)))
    for token in made[5:]:
        token.give_back()
    clock.now = 0.25
    await one.tidy()
    assert len(tokens(await other.reserve(Lane.URGENT, wants(9, 10)))) == 7
    assert rows.statements == 2


async def test_a_block_is_heeded_before_it_is_written() -> None:
    """The worker that met it uses no slot of its lease."""
    clock, _, [one] = limiters(1)
    for _ in range(2):
        clock.now += 0.05
        await one.reserve(Lane.NORMAL, wants(10, 200))
    one.block(KEY, 30.0)
    [answer] = await one.reserve(Lane.NORMAL, wants(1, 200, due=True))
    assert isinstance(answer, Refusal)
    assert answer.asked_for == 30.0


async def test_nothing_is_taken_when_the_rows_cannot_be_reached() -> None:
    """What a call drew of one limit is there again when the other's row can't be asked."""
    _, rows, [one] = limiters(1)
    account, pair = (
        Budget(key, 10.0, 10.0, scope)
        for key, scope in ((KEY, Scope.ACCOUNT), ("pair:one::x", Scope.PAIR))
    )
    draw = rows.draw

    async def half_away(lane: Lane, asks: Sequence[Ask]) -> dict[str, Drawn]:
        if asks[0].budget is pair:
            raise ConnectionError
        return await draw(lane, asks)

    rows.draw = half_away  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        await one.reserve(Lane.NORMAL, [Want.of((account, pair))])
    assert tokens(await one.reserve(Lane.NORMAL, [Want.of((account,))]))
    assert rows.statements == 1
