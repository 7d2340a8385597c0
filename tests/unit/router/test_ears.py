"""Silence is judged only with open ears."""

from __future__ import annotations

from datetime import datetime

from router.ears import LONGEST_HOLD, MARGIN, Ears
from unit.router.making import NOW, seconds


def hear(
    ears: Ears,
    now: datetime,
    *,
    connected: bool = True,
    buffered: int = 0,
    newest: datetime | None = None,
    drained: bool = True,
) -> datetime | None:
    return ears.watermark(
        now, connected=connected, buffered=buffered, newest_heard=newest, drained=drained
    )


def test_waits_until_the_queue_was_drained_once() -> None:
    """After a start nothing is judged before the receipts that waited are heard."""
    ears = Ears()
    assert hear(ears, NOW, drained=False) is None
    assert hear(ears, NOW) == NOW - MARGIN
    assert hear(ears, NOW + seconds(1), drained=False) == NOW + seconds(1) - MARGIN


def test_judges_only_what_was_heard() -> None:
    """With receipts in hand the newest one committed is the limit."""
    ears = Ears()
    hear(ears, NOW)
    newest = NOW - seconds(30)
    assert hear(ears, NOW, buffered=3, newest=newest) == newest - MARGIN


def test_deaf_ears_judge_nothing() -> None:
    """Without a connection there is no silence."""
    ears = Ears()
    hear(ears, NOW)
    assert hear(ears, NOW + seconds(1), connected=False) is None


def test_held_as_long_again_after_an_outage() -> None:
    """Providers retry what they could not tell: an outage of ten seconds holds for ten more."""
    ears = Ears()
    hear(ears, NOW)
    hear(ears, NOW, connected=False)
    back = NOW + seconds(10)
    assert hear(ears, back) is None
    assert hear(ears, back + seconds(9)) is None
    assert hear(ears, back + seconds(10)) == back + seconds(10) - MARGIN


def test_held_two_minutes_at_most() -> None:
    """A long outage does not stop fallbacks for as long again."""
    ears = Ears()
    hear(ears, NOW)
    hear(ears, NOW, connected=False)
    back = NOW + seconds(3600)
    assert hear(ears, back) is None
    assert hear(ears, back + LONGEST_HOLD) is not None
