"""Whether silence can be judged, and up to when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from router.ears import LONGEST_HOLD, MARGIN, Ears
from unit.router.making import NOW, seconds

ALL_HEARD: dict[str, Any] = {
    "connected": True,
    "buffered": 0,
    "newest_heard": None,
    "drained": True,
}


def _listen(ears: Ears, now: datetime, **changes: Any) -> datetime | None:
    return ears.watermark(now, **ALL_HEARD | changes)


def _pass(ears: Ears, start: datetime, end: datetime, **changes: Any) -> None:
    """Listen every second from `start` on, and at last just before `end`."""
    while start < end:
        _listen(ears, start, **changes)
        start += seconds(1)


def _deaf(ears: Ears, start: datetime, end: datetime) -> None:
    """Cut the connection from `start` to `end`."""
    _pass(ears, start, end, connected=False)


def _open() -> Ears:
    ears = Ears()
    _listen(ears, NOW)
    return ears


def test_all_is_heard_up_to_the_margin() -> None:
    """With nothing waiting, silence is judged up to five seconds ago."""
    assert _listen(_open(), NOW) == NOW - MARGIN


def test_deaf_judges_nothing() -> None:
    """While the broker is away no silence is judged."""
    assert _listen(_open(), NOW, connected=False) is None


def test_waits_for_the_first_drain() -> None:
    """After a start nothing is judged before the receipts queue was empty once."""
    ears = Ears()
    assert _listen(ears, NOW, drained=False) is None
    assert _listen(ears, NOW + seconds(1)) is not None


def test_holds_as_long_again_as_the_outage() -> None:
    """Providers repeat what they could not tell: after 30 s of outage 30 s more are waited."""
    ears, back = _open(), NOW + seconds(30)
    _deaf(ears, NOW, back)
    _pass(ears, back, back + seconds(29))
    assert _listen(ears, back + seconds(29)) is None
    assert _listen(ears, back + seconds(30)) == back + seconds(30) - MARGIN


def test_holds_two_minutes_at_most() -> None:
    """After an hour of outage two minutes are waited."""
    ears, back = _open(), NOW + seconds(3600)
    _deaf(ears, NOW, back)
    _pass(ears, back, back + LONGEST_HOLD)
    assert _listen(ears, back + LONGEST_HOLD) is not None


def test_drains_again_after_an_outage() -> None:
    """What piled up while the router was deaf is heard before silence is judged."""
    ears, back = _open(), NOW + seconds(2)
    _deaf(ears, NOW, back)
    _pass(ears, back, back + seconds(60), drained=False)
    assert _listen(ears, back + seconds(60), drained=False) is None
    assert _listen(ears, back + seconds(61)) is not None


def test_a_short_outage_does_not_shorten_a_long_hold() -> None:
    """A blip after a long outage leaves the long outage's hold as it is."""
    ears, back = _open(), NOW + seconds(100)
    _deaf(ears, NOW, back)
    _pass(ears, back, back + seconds(5))
    _listen(ears, back + seconds(5), connected=False)
    _pass(ears, back + seconds(6), back + seconds(99))
    assert _listen(ears, back + seconds(99)) is None
    assert _listen(ears, back + seconds(100)) is not None


def test_who_did_not_ask_was_deaf() -> None:
    """A router that was suspended, or stuck in its database, holds as long again when it wakes."""
    ears, back = _open(), NOW + seconds(40)
    assert _listen(ears, back) is None
    _pass(ears, back, back + seconds(39))
    assert _listen(ears, back + seconds(39)) is None
    assert _listen(ears, back + seconds(40)) is not None


def test_what_waits_in_the_buffer_bounds_the_judgement() -> None:
    """With receipts in hand only what is older than the newest heard is silence."""
    newest = NOW - seconds(40)
    assert _listen(_open(), NOW, buffered=3, newest_heard=newest) == newest - MARGIN


def test_a_backlog_on_the_broker_bounds_the_judgement() -> None:
    """Between two batches nothing is buffered though the queue is long: it is not all heard."""
    newest = NOW - seconds(40)
    ears = _open()
    assert _listen(ears, NOW, drained=False, newest_heard=newest) == newest - MARGIN


def test_a_buffer_before_anything_was_heard_judges_almost_nothing() -> None:
    """With receipts in hand and none handled yet only old deadlines are judged."""
    assert _listen(_open(), NOW, buffered=1) == NOW - LONGEST_HOLD - MARGIN


def test_a_publisher_ahead_of_us_judges_no_future() -> None:
    """A receipt stamped in the future does not let silence be judged beyond now."""
    ears = _open()
    assert _listen(ears, NOW, buffered=1, newest_heard=NOW + seconds(60)) == NOW - MARGIN
