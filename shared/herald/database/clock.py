"""The database's time, which every replica shares, whatever its own machine's clock says."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

# A reading that took longer (a stalled process, a busy server) is too vague to replace a good one.
LONGEST_READING_SECONDS = 0.5


class DatabaseClock:
    """Gives the server's time between readings, carried on by this process's monotonic clock.

    A reading is off by at most half the time it took. Until the first one the machine's own clock
    has to do.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._reading: tuple[float, datetime] | None = None  # monotonic seconds, the server's time

    def now(self) -> datetime:
        """Return the server's time at this moment."""
        if self._reading is None:
            return datetime.now(UTC)
        read_at, server_time = self._reading
        return server_time + timedelta(seconds=self._monotonic() - read_at)

    def started_reading(self) -> float:
        """Return what `note` needs to know of when the server was asked."""
        return self._monotonic()

    def note(self, asked_at: float, server_time: datetime) -> None:
        """Take a reading in, right after it came."""
        answered_at = self._monotonic()
        took = answered_at - asked_at
        if self._reading is None or took <= LONGEST_READING_SECONDS:
            self._reading = asked_at + took / 2, server_time
