"""How many calls of late were throttled, of those that began at the present rate. Pure."""

from __future__ import annotations

from herald.channel.limits.adaptation import SETTLE_SECONDS

WINDOW_SECONDS = 1.0  # two of them say how large the share is


class Tally:
    """Counts the calls of one budget that this process made; times are monotonic seconds."""

    def __init__(self) -> None:
        self._taken = [0, 0]  # in this window and in the one before
        self._throttled = [0, 0]
        self._window_at = self._since = float("-inf")
        self._decreased_at: float | None = None  # by the database's clock: which rate it is

    def count(self, *, is_throttled: bool, began: float, now: float) -> None:
        """Count a call, unless it began at an older rate."""
        if began < self._since:
            return
        if now - self._window_at >= WINDOW_SECONDS:
            is_next = now - self._window_at < 2 * WINDOW_SECONDS
            self._taken = [0, self._taken[0] if is_next else 0]
            self._throttled = [0, self._throttled[0] if is_next else 0]
            self._window_at = now
        counts = self._throttled if is_throttled else self._taken
        counts[0] += 1

    def follow(self, decreased_at: float | None, now: float) -> None:
        """Begin anew where the rate was decreased, with calls that begin when it has settled."""
        if decreased_at != self._decreased_at:
            self._decreased_at = decreased_at
            self._taken, self._throttled = [0, 0], [0, 0]
            self._since = now + SETTLE_SECONDS

    @property
    def share(self) -> float:
        """The throttled share of the calls; all of none."""
        taken, throttled = sum(self._taken), sum(self._throttled)
        return throttled / (taken + throttled) if throttled else 1.0
