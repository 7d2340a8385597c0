"""A plain token bucket in monotonic seconds. Pure: the time is given.

It answers *now* or *at t*, and t is reserved. A response of the provider may hold it; a call now
and then is let through all the same, for the wait asked for is often longer than the trouble.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

PATIENCE_SECONDS = 2.0  # a slot waits this long for its token; past it work is returned
LONGEST_HOLD_SECONDS = 900.0  # whatever one response asks for
PROBE_SECONDS = 60.0  # between the calls that are let through while it is held
_ROUNDING_SECONDS = 1e-6  # sums of intervals are off by less; nobody waits for that


class Token(NamedTuple):
    """Leave to make one call at `at`; a `probe` is let through a hold."""

    at: float
    probe: bool = False


@dataclass(frozen=True, slots=True)
class _Hold:
    until: float
    asked_until: float  # what the provider asked for, however long
    probe_at: float


class TokenBucket:
    """`rate` calls a second, and at most one second's worth at once. Its copy is another bucket."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._burst = max(self._interval, 1.0)
        self._next: float | None = None  # when the bucket, fully drawn, has its next token
        self._hold: _Hold | None = None

    def peek(self, now: float) -> float:
        """Return when a token will be there, without taking it."""
        earliest = self._earned_at(now)
        hold = self._hold_at(now)
        if hold is None or now >= hold.probe_at:
            return earliest
        return max(earliest, hold.until)

    def reserve(self, now: float, patience: float = PATIENCE_SECONDS) -> Token | None:
        """Reserve a token that is there within `patience` seconds; None when there is none."""
        at, hold = self.peek(now), self._hold_at(now)
        if at > now + patience + _ROUNDING_SECONDS:
            return None
        self._next = max(at if self._next is None else self._next, at) + self._interval
        if hold is None or now < hold.probe_at:
            return Token(at)
        self._hold = replace(hold, probe_at=now + PROBE_SECONDS)
        return Token(at, probe=True)

    def expected_wait(self, now: float) -> float:
        """Return the seconds until a call may be made, as long as the provider asked for."""
        at, hold = self.peek(now), self._hold_at(now)
        return (at if hold is None else max(at, hold.asked_until)) - now

    def give_back(self, token: Token, now: float) -> None:
        """Take back a reservation, the newest as far as is known: its call was not made."""
        if self._next is not None:
            self._next -= self._interval
        if token.probe and self._hold is not None:
            self._hold = replace(self._hold, probe_at=now)

    def is_held(self, now: float) -> bool:
        """Whether a response of the provider holds all calls but probes."""
        return self._hold_at(now) is not None

    def hold(self, seconds: float, now: float) -> None:
        """Give no token but for probes: the provider asked for `seconds` without calls."""
        until, asked = now + min(seconds, LONGEST_HOLD_SECONDS), now + seconds
        before = self._hold_at(now)
        if before is not None:
            until, asked = max(until, before.until), max(asked, before.asked_until)
        self._hold = _Hold(until, asked, now + PROBE_SECONDS)

    def lift(self) -> None:
        """End a hold: a probe was taken."""
        self._hold = None

    def _earned_at(self, now: float) -> float:
        if self._next is None:
            return now
        earned_at = self._next - self._burst + self._interval
        return earned_at if earned_at > now + _ROUNDING_SECONDS else now

    def _hold_at(self, now: float) -> _Hold | None:
        return self._hold if self._hold is not None and now < self._hold.until else None
