"""How limits follow what platforms allow."""

from __future__ import annotations

import random
from dataclasses import replace
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.channel.limits.adaptation import (
    COUNTED_SECONDS,
    FLOOR,
    GENTLE,
    HARD,
    LONGEST_HOLD_SECONDS,
    MIDDLE,
    QUIET_SECONDS,
    SETTLE_SECONDS,
    Adaptation,
    reopened,
    throttled,
    worked,
)
from unit.channel.platforms import BEGIN as NOW
from unit.channel.platforms import Following, Platform

SECONDS = 60.0


def follow(
    share: float, *, rate: float = 80.0, burst: float = 1.0, retry_after: float | None = None
) -> Following:
    platform = Platform(rate * share, burst, tokens=rate * share * burst)
    following = Following(rate, platform, retry_after, random.Random(7))  # noqa: S311
    following.run(SECONDS)
    return following


@pytest.mark.parametrize("retry_after", [None, 1.0])
@pytest.mark.parametrize("burst", [0.1, 1.0])
def test_half_of_the_rate(burst: float, retry_after: float | None) -> None:
    """Within 10 s it has 90 to 100 % of what is allowed, with under 2 % of answers throttled."""
    taken, refused = follow(0.5, burst=burst, retry_after=retry_after).settled(10, SECONDS)
    assert 0.9 <= taken <= 1.02  # what the platform had saved by then is taken, too
    assert refused < 0.02


@settings(max_examples=12, deadline=None)
@given(share=st.floats(0.15, 0.97), burst=st.floats(0.05, 3.0), rate=st.sampled_from([60.0, 300.0]))
def test_any_share(share: float, burst: float, rate: float) -> None:
    """Whatever a platform allows, most of it is used and few calls are throttled."""
    taken, refused = follow(share, rate=rate, burst=burst).settled(15, SECONDS)
    assert taken >= 0.88
    assert refused < 0.03


def test_calls_that_come_together() -> None:
    """Few throttled calls after a pause lower the rate for seconds, not for minutes."""
    shares = []
    for seed in range(6):
        draws, platform = random.Random(seed), Platform(50, 0.2, tokens=10)  # noqa: S311
        following = Following(100, platform, None, draws, pause=(0.3, 8.0))
        following.run(2 * SECONDS)
        taken, refused = following.settled(20, 2 * SECONDS)
        assert refused < 0.02
        shares.append(taken)
    assert mean(shares) >= 0.85  # the pauses themselves take 0.04


def test_a_limit_that_is_lifted_is_found() -> None:
    """When the platform allows everything again, so does the limit, in about a minute."""
    following = follow(0.5)
    following.platform.allowed = 1000.0
    state, now = following.state, NOW + SECONDS
    while state.factor < 1.0:
        now += 1
        state = worked(state, now)
    assert now - NOW - SECONDS < 90


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["throttled", "asked", "worked", "reopened"]), st.floats(-5.0, 100.0)
    ),
    max_size=40,
)


@given(steps=STEPS)
def test_any_history(steps: list[tuple[str, float]]) -> None:
    """Whatever happens, and wherever the clock goes: the factor has bounds, and steps its sizes."""
    state, now = Adaptation(), NOW
    for what, pause in steps:
        now += pause
        before = state
        if what == "worked":
            state = worked(state, now)
            assert state.factor >= before.factor
        elif what == "reopened":
            state = reopened(state, now, rate=100.0)
            assert state.factor <= before.factor
        else:
            state = throttled(state, now, retry_after=5000.0 if what == "asked" else None)
            assert before.factor * HARD - 1e-9 <= state.factor <= before.factor
        assert min(FLOOR, before.factor) <= state.factor <= 1.0
        if what == "asked":
            assert state.blocked_until is not None
            assert state.blocked_until - now >= LONGEST_HOLD_SECONDS - 1e-6
            assert state.asked_until is not None
            assert state.asked_until - now >= 5000.0 - 1e-6


@given(first=st.floats(0.02, 1.0), gap=st.floats(0.0, 0.99))
def test_calls_under_way_count_once(first: float, gap: float) -> None:
    """Calls that began at the old rate decrease nothing more, however late they are answered."""
    once = throttled(Adaptation(factor=first), NOW)
    assert throttled(once, NOW + gap * SETTLE_SECONDS) == once
    assert throttled(once, NOW + 20, called_at=NOW - 10 * gap) == once  # a slow answer


def test_decreases() -> None:
    """By much at first, by little from a rise, and by more again where that is not enough."""
    state = throttled(Adaptation(), NOW)
    assert state.factor == HARD
    state = throttled(state, NOW + 1)
    assert state.factor == HARD * HARD
    now = NOW + 1 + QUIET_SECONDS + 1
    state = worked(state, now)
    risen = state.factor
    assert risen > HARD * HARD
    state = throttled(state, now)
    assert state.factor == risen * GENTLE
    state = throttled(state, now + 1)
    assert state.factor == pytest.approx(risen * GENTLE * MIDDLE)


def test_a_good_answer_stands_for_a_second() -> None:
    """An hour of silence raises a rate no further than a second of good answers."""
    state = replace(throttled(Adaptation(), NOW), factor=0.6, ceiling=0.9)
    soon, late = worked(state, NOW + QUIET_SECONDS + COUNTED_SECONDS), worked(state, NOW + 3600)
    assert soon.factor == late.factor > 0.6


def test_a_clock_set_back_holds_nothing_up() -> None:
    """When the database's clock jumps back an hour, decreases and recovery go on."""
    state = throttled(Adaptation(), NOW)
    assert throttled(state, NOW - 3600).factor < state.factor


def test_a_good_probe_ends_a_hold() -> None:
    """What was let through a hold, and was taken, ends it."""
    held = throttled(Adaptation(), NOW, retry_after=600.0)
    assert worked(held, NOW + 60).blocked_until == NOW + 600
    lifted = worked(held, NOW + 60, is_probe=True)
    assert (lifted.blocked_until, lifted.asked_until) == (None, None)


def test_a_pair_backs_off() -> None:
    """A recipient waits 4^n seconds after each error, and no rate of anybody else changes."""
    state, now, waits = Adaptation(), NOW, list[float]()
    for _ in range(6):
        state = throttled(state, now, is_pair=True)
        assert state.blocked_until is not None
        assert throttled(state, now, is_pair=True) == state  # two errors at once
        waits.append(state.blocked_until - now)
        now = state.blocked_until + 1
    assert waits == [1, 4, 16, 64, 256, 900]
    assert state.factor == 1.0
    calm = throttled(state, now + 3600, is_pair=True)
    assert calm.blocked_until == now + 3600 + 1


def test_an_account_that_was_down_opens_gradually() -> None:
    """It begins with a fiftieth of its rate and doubles each second, up to all of it."""
    state, now, shares = reopened(Adaptation(), NOW, rate=1000.0), NOW, list[float]()
    for _ in range(6):
        shares.append(round(state.factor, 3))
        now += 1
        state = worked(state, now)
    assert shares == [0.02, 0.04, 0.08, 0.16, 0.32, 0.5]
    while state.factor < 1.0:
        now += 1
        state = worked(state, now)
    assert now - NOW < 20


def test_a_slow_account_opens_at_once() -> None:
    """What makes few calls a second anyway needs no opening."""
    assert reopened(Adaptation(), NOW, rate=5.0) == Adaptation()
