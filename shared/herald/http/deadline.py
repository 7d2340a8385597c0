"""The time limit of one call after another, at the cost of one timer for many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls `missed` when it is reached.

    Nearly every call ends long before its limit, and a timer costs several times what the rest of
    the waiting does. So the timer of an earlier call goes on running, and is set anew when it rings
    too early.
    """

    def __init__(self, missed: Callable[[], None]) -> None:
        self._missed = missed
        self._loop = asyncio.get_running_loop()
        self._at: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0

    def set(self, at: float) -> None:
        """Set it, on the loop's clock."""
        self._at = at
        if self._timer is not None and at < self._rings_at:
            self.stop()
        if self._timer is None:
            self._start(at)

    def clear(self) -> None:
        """Have none: what it was for has ended."""
        self._at = None

    def stop(self) -> None:
        """Keep no timer any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self, at: float) -> None:
        self._rings_at = at
        self._timer = self._loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._at is None:
            return
        if self._at > self._loop.time():
            self._start(self._at)
        else:
            self._missed()
