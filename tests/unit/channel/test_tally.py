"""The throttled share of calls at the present rate."""

from __future__ import annotations

import pytest

from herald.channel.limits.adaptation import SETTLE_SECONDS
from herald.channel.limits.tally import WINDOW_SECONDS, Tally


def counted(tally: Tally, taken: int, throttled: int, at: float) -> Tally:
    for number in range(taken + throttled):
        tally.count(is_throttled=number >= taken, began=at, now=at)
    return tally


def test_a_share_of_the_last_two_windows() -> None:
    """What is older than two windows says nothing any more."""
    tally = counted(Tally(), 9, 1, 0.0)
    assert tally.share == pytest.approx(0.1)
    assert counted(tally, 5, 5, WINDOW_SECONDS).share == pytest.approx(0.3)
    assert counted(tally, 1, 1, 4 * WINDOW_SECONDS).share == pytest.approx(0.5)


def test_calls_at_an_older_rate_do_not_count() -> None:
    """After a decrease it begins anew, with calls that begin at the new rate."""
    tally = counted(Tally(), 0, 10, 0.0)
    tally.follow(1_750_000_000.0, 1.0)
    counted(tally, 0, 5, 1.0 + SETTLE_SECONDS / 2)
    assert counted(tally, 9, 1, 1.0 + SETTLE_SECONDS).share == pytest.approx(0.1)
    tally.follow(1_750_000_000.0, 2.0)  # the same rate still
    assert tally.share == pytest.approx(0.1)


def test_nothing_known_is_the_worst() -> None:
    """The first call of all that is throttled is no small share."""
    assert Tally().share == 1.0
