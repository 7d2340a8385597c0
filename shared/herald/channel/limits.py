"""A plain token bucket. It answers *now* or *at t*, and t is reserved. Pure: the time is given."""

from __future__ import annotations

from datetime import datetime, timedelta

PATIENCE = timedelta(seconds=2)  # a slot waits this long for its token; past it work is returned


class TokenBucket:
    """`rate` calls a second, and at most one second's worth at once."""

    def __init__(self, rate: float) -> None:
        self._interval = timedelta(seconds=1 / rate)
        self._burst = max(self._interval, timedelta(seconds=1))
        self._next: datetime | None = None  # when the bucket, fully drawn, has its next token
        self._blocked_until: datetime | None = None

    def peek(self, now: datetime) -> datetime:
        """Return when a token will be there, without taking it."""
        earliest = now
        if self._next is not None:
            earliest = max(now, self._next - self._burst + self._interval)
        if self._blocked_until is not None:
            earliest = max(earliest, self._blocked_until)
        return earliest

    def reserve(self, now: datetime, patience: timedelta = PATIENCE) -> tuple[datetime, bool]:
        """Return when a token is there, and whether it was reserved: not past `patience`."""
        at = self.peek(now)
        if at > now + patience:
            return at, False
        self._next = max(self._next or at, at) + self._interval
        return at, True

    def give_back(self) -> None:
        """Take back the newest reservation: its call was not made."""
        if self._next is not None:
            self._next -= self._interval

    def block(self, until: datetime) -> None:
        """Give no token before `until`: the provider asked for silence."""
        if self._blocked_until is None or until > self._blocked_until:
            self._blocked_until = until
