"""The token bucket, in seconds of a monotonic clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.channel.limits.token_bucket import (
    LONGEST_HOLD_SECONDS,
    PATIENCE_SECONDS,
    PROBE_SECONDS,
    Token,
    TokenBucket,
)


def granted(bucket: TokenBucket, now: float, tries: int) -> list[float]:
    """Reserve as often as asked; return the times that were granted."""
    tokens = [bucket.reserve(now) for _ in range(tries)]
    return [token.at for token in tokens if token is not None]


def test_one_seconds_worth_goes_at_once() -> None:
    """A full bucket grants as many calls at once as its rate has in a second, and no more."""
    times = granted(TokenBucket(10), 0.0, 12)
    assert times[:10] == [0.0] * 10
    assert times[10:] == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize("now", [0.0, 4733.123456789, 9_876_543.21])
def test_a_burst_is_whole_at_any_time(now: float) -> None:
    """However a monotonic clock rounds, no token comes a hair too late."""
    times = granted(TokenBucket(10), now, 40)
    assert times[:10] == [now] * 10
    assert len(times) == 30


def test_past_patience_nothing_is_reserved() -> None:
    """Past two seconds the bucket names the wait and keeps the token for somebody else."""
    bucket = TokenBucket(8)
    assert len(granted(bucket, 0.0, 100)) == 8 + 16
    assert bucket.reserve(0.0) is None
    assert bucket.expected_wait(0.0) == pytest.approx(PATIENCE_SECONDS + 1 / 8)
    assert bucket.reserve(0.0) is None


def test_a_slow_rate_grants_one_at_a_time() -> None:
    """A rate below one a second has room for one call, not for a fraction."""
    bucket = TokenBucket(0.5)
    assert bucket.reserve(0.0) == Token(0.0)
    assert bucket.reserve(0.0) == Token(2.0)
    assert bucket.reserve(0.0) is None


def test_peeking_takes_nothing() -> None:
    """`peek` says when a token will be there, however often it is asked."""
    bucket = TokenBucket(1)
    assert [bucket.peek(0.0) for _ in range(3)] == [0.0] * 3
    bucket.reserve(0.0)
    assert [bucket.peek(0.0) for _ in range(3)] == [1.0] * 3


def test_idle_time_fills_it_up_to_one_second() -> None:
    """An hour of silence earns a second's worth, not an hour's."""
    bucket = TokenBucket(10)
    granted(bucket, 0.0, 30)
    assert granted(bucket, 3600.0, 11) == pytest.approx([3600.0] * 10 + [3600.1])


def test_a_hold_keeps_every_token_back() -> None:
    """After a 429 nothing is granted before the provider's time; the later one of two holds."""
    bucket = TokenBucket(10)
    bucket.hold(1, 0.0)
    bucket.hold(0.5, 0.0)
    assert bucket.reserve(0.0) == Token(1.0)
    bucket.hold(30, 0.0)
    assert bucket.reserve(0.0) is None
    assert bucket.expected_wait(0.0) == 30
    assert bucket.reserve(30.0) == Token(30.0)


def test_no_response_holds_for_long() -> None:
    """One response holds an account 15 min at most; the wait it asked for is reported."""
    bucket = TokenBucket(10)
    bucket.hold(3 * 3600, 0.0)
    assert bucket.expected_wait(0.0) == 3 * 3600
    assert bucket.peek(1.0) == LONGEST_HOLD_SECONDS
    assert bucket.reserve(LONGEST_HOLD_SECONDS) == Token(LONGEST_HOLD_SECONDS)
    assert bucket.expected_wait(LONGEST_HOLD_SECONDS) == 0


def test_one_call_a_minute_probes_a_hold() -> None:
    """While a response holds the account, one call a minute is let through and no second one."""
    bucket = TokenBucket(10)
    bucket.hold(600, 0.0)
    assert bucket.reserve(PROBE_SECONDS - 1) is None
    assert bucket.reserve(PROBE_SECONDS) == Token(PROBE_SECONDS, probe=True)
    assert bucket.reserve(PROBE_SECONDS) is None
    assert bucket.reserve(2 * PROBE_SECONDS) == Token(2 * PROBE_SECONDS, probe=True)


def test_a_probe_that_was_not_made_is_there_again() -> None:
    """A probe given back unused is the next call's."""
    bucket = TokenBucket(10)
    bucket.hold(600, 0.0)
    probe = bucket.reserve(PROBE_SECONDS)
    assert probe is not None
    bucket.give_back(probe, PROBE_SECONDS)
    assert bucket.reserve(PROBE_SECONDS) == probe


def test_a_lifted_hold_is_over() -> None:
    """Once a probe was taken, calls go on at the usual rate."""
    bucket = TokenBucket(10)
    bucket.hold(600, 0.0)
    bucket.lift()
    assert granted(bucket, 1.0, 5) == [1.0] * 5


def test_a_token_given_back_is_there_again() -> None:
    """What was reserved for a call that was not made is not lost."""
    bucket = TokenBucket(1)
    token = bucket.reserve(0.0)
    assert token is not None
    bucket.give_back(token, 0.0)
    assert bucket.reserve(0.0) == Token(0.0)
    assert bucket.peek(0.0) == 1.0


@pytest.mark.parametrize("rate", [0.2, 1.0, 7.0, 80.0])
@given(gaps=st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_never_more_than_the_rate_and_one_burst(rate: float, gaps: list[float]) -> None:
    """In any stretch of time at most its share of the rate and one burst are granted."""
    bucket, now, times = TokenBucket(rate), 0.0, []
    for gap in gaps:
        now += gap
        token = bucket.reserve(now)
        if token is not None:
            times.append(token.at)
    burst = max(1.0, rate)
    for first, start in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= rate * (times[last] - start) + burst + 1e-3
