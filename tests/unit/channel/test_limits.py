"""The token bucket."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.channel.limits import PATIENCE, TokenBucket
from unit.channel.making import NOW, seconds


def granted(bucket: TokenBucket, now: datetime, tries: int) -> list[datetime]:
    """Reserve as often as told; return the times that were granted."""
    answers = [bucket.reserve(now) for _ in range(tries)]
    return [at for at, reserved in answers if reserved]


def test_one_seconds_worth_goes_at_once() -> None:
    """A full bucket grants as many calls at once as its rate has in a second, and no more."""
    times = granted(TokenBucket(10), NOW, 12)
    assert times[:10] == [NOW] * 10
    assert times[10:] == [NOW + seconds(0.1), NOW + seconds(0.2)]


def test_past_patience_nothing_is_reserved() -> None:
    """Past two seconds the bucket names the time and keeps the token for somebody else."""
    bucket = TokenBucket(10)
    assert len(granted(bucket, NOW, 100)) == 10 + 20
    at, reserved = bucket.reserve(NOW)
    assert not reserved
    assert at > NOW + PATIENCE
    assert bucket.reserve(NOW) == (at, False)


def test_a_slow_rate_grants_one_at_a_time() -> None:
    """A rate below one a second has room for one call, not for a fraction."""
    bucket = TokenBucket(0.5)
    assert bucket.reserve(NOW) == (NOW, True)
    assert bucket.reserve(NOW) == (NOW + seconds(2), True)
    assert bucket.reserve(NOW) == (NOW + seconds(4), False)


def test_peeking_takes_nothing() -> None:
    """`peek` tells when a token will be there, however often it is asked."""
    bucket = TokenBucket(1)
    assert [bucket.peek(NOW) for _ in range(3)] == [NOW] * 3
    bucket.reserve(NOW)
    assert [bucket.peek(NOW) for _ in range(3)] == [NOW + seconds(1)] * 3


def test_idle_time_fills_it_up_to_one_second() -> None:
    """An hour of silence earns a second's worth, not an hour's."""
    bucket = TokenBucket(10)
    granted(bucket, NOW, 30)
    later = NOW + seconds(3600)
    assert granted(bucket, later, 11)[:11] == [later] * 10 + [later + seconds(0.1)]


def test_a_block_holds_every_token_back() -> None:
    """After a 429 nothing is granted before the time the provider named; the latest word holds."""
    bucket = TokenBucket(10)
    bucket.block(NOW + seconds(1))
    bucket.block(NOW + seconds(0.5))
    assert bucket.reserve(NOW) == (NOW + seconds(1), True)
    bucket.block(NOW + seconds(30))
    assert bucket.reserve(NOW) == (NOW + seconds(30), False)
    assert bucket.reserve(NOW + seconds(30)) == (NOW + seconds(30), True)


def test_a_token_given_back_is_there_again() -> None:
    """What was reserved for a call that was not made is not lost."""
    bucket = TokenBucket(1)
    bucket.reserve(NOW)
    bucket.give_back()
    assert bucket.reserve(NOW) == (NOW, True)
    assert bucket.peek(NOW) == NOW + seconds(1)


@pytest.mark.parametrize("rate", [0.2, 1.0, 7.0, 80.0])
@given(gaps=st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_never_more_than_the_rate_and_one_burst(rate: float, gaps: list[float]) -> None:
    """In any stretch of time at most its share of the rate and one burst are granted."""
    bucket, now, times = TokenBucket(rate), NOW, []
    for gap in gaps:
        now += seconds(gap)
        at, reserved = bucket.reserve(now)
        if reserved:
            times.append(at)
    burst = max(1.0, rate)
    for first, start in enumerate(times):
        for last in range(first, len(times)):
            stretch = (times[last] - start).total_seconds()
            assert last - first + 1 <= rate * stretch + burst + 1e-3
