"""A platform that allows a share of what is configured, and workers that follow what it says."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from herald.channel.limits.adaptation import Adaptation, throttled, worked
from herald.channel.limits.tally import Tally

BEGIN = 1_750_000_000.0
LEASE_SECONDS = 0.2  # so long a worker goes by what it knew
CALL_SECONDS = 0.1
WRITE_SECONDS = 0.1
KEPT_SECONDS = 0.25  # of its rate: what a pause leaves to be called at once


@dataclass(slots=True)
class Platform:
    """A bucket of the platform's own: `allowed` calls a second, so many seconds' worth at once."""

    allowed: float
    burst_seconds: float
    tokens: float = 0.0
    at: float = BEGIN

    def takes(self, now: float) -> bool:
        """Whether it takes a call."""
        full = max(1.0, self.allowed * self.burst_seconds)
        self.tokens = min(full, self.tokens + (now - self.at) * self.allowed)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class Following:
    """Calls as fast as what was learned allows, with work always waiting.

    `pause`: every so many seconds no call is made for a while, as on a busy machine; what was not
    called then is called at once.
    """

    rate: float
    platform: Platform
    retry_after: float | None
    draws: random.Random
    pause: tuple[float, float] | None = None  # its seconds; the seconds between two
    state: Adaptation = field(default_factory=Adaptation)
    answers: list[tuple[float, bool]] = field(default_factory=list)  # when, and whether taken
    _under_way: list[tuple[float, float, bool]] = field(default_factory=list)
    _good_at: float = 0.0
    _tally: Tally = field(default_factory=Tally)

    def run(self, seconds: float) -> None:
        """Call for so long."""
        now, due, leased_at, factor, blocked = BEGIN, BEGIN, BEGIN, 1.0, 0.0
        paused_at = self._next_pause(now)
        while now < BEGIN + seconds:
            self._learn(now)
            if now - leased_at >= LEASE_SECONDS:
                leased_at, factor = now, self.state.factor
                blocked = self.state.blocked_until or 0.0
            if now >= blocked:
                taken = self.platform.takes(now)
                self.answers.append((now, taken))
                known_at = now + CALL_SECONDS + WRITE_SECONDS * self.draws.random()
                self._under_way.append((known_at, now, taken))
            jitter = 1 + 0.02 * (self.draws.random() - 0.5)
            due = max(max(due, now - KEPT_SECONDS) + jitter / (self.rate * factor), blocked)
            now = max(due, now)
            if self.pause is not None and now >= paused_at:
                now += self.pause[0] * (0.5 + self.draws.random())
                paused_at = self._next_pause(now)

    def _next_pause(self, now: float) -> float:
        return now if self.pause is None else now + self.pause[1] * (0.5 + self.draws.random())

    def _learn(self, now: float) -> None:
        for known_at, called_at, taken in sorted(it for it in self._under_way if it[0] <= now):
            self._tally.count(is_throttled=not taken, began=called_at, now=known_at)
            if not taken:
                self.state = throttled(
                    self.state,
                    known_at,
                    called_at=called_at,
                    share=self._tally.share,
                    retry_after=self.retry_after,
                )
                self._tally.follow(self.state.decreased_at, known_at)
            elif known_at - self._good_at >= 1:
                self.state, self._good_at = worked(self.state, known_at), known_at
        self._under_way = [it for it in self._under_way if it[0] > now]

    def settled(self, after: float, seconds: float) -> tuple[float, float]:
        """Return the taken share of what was allowed, and the throttled share, from then on."""
        later = [taken for at, taken in self.answers if at >= BEGIN + after]
        taken = sum(later)
        return taken / (self.platform.allowed * (seconds - after)), 1 - taken / len(later)
