"""How much of its budget each member has used of late, as this process knows. Pure."""

from __future__ import annotations

from collections import deque

WINDOW_SECONDS = 5.0


class Meter:
    """Counts the calls that one member makes to one provider."""

    def __init__(self, rate: float | None) -> None:
        self.rate = rate
        self._calls: deque[float] = deque()

    def count(self, now: float) -> None:
        """Count a call."""
        if self.rate is not None:
            self._calls.append(now)
            self._forget(now)

    def usage(self, now: float) -> float:
        """Return the share of what it may make in the window; 0 where it has no budget."""
        if self.rate is None:
            return 0.0
        self._forget(now)
        return len(self._calls) / (self.rate * WINDOW_SECONDS)

    def _forget(self, now: float) -> None:
        while self._calls and self._calls[0] <= now - WINDOW_SECONDS:
            self._calls.popleft()
