"""The rows of limits in memory: what one statement does, as the tests of the kit need it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import floor

from herald.channel.limits.buckets import Ask, Drawn
from herald.channel.limits.lanes import LANES
from herald.contracts.vocabulary import Lane

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_HAIR = 1e-6


@dataclass(slots=True)
class Row:
    next_at: float = float("-inf")
    queues: dict[Lane, float] = field(default_factory=dict)
    factor: float = 1.0
    blocked_until: float = float("-inf")
    asked_until: float = float("-inf")
    probe_at: float | None = None


class MemoryRows:
    """Buckets of one process, by the clock of a test."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.rows: dict[str, Row] = {}
        self.statements = 0

    def row(self, key: str) -> Row:
        return self.rows.setdefault(key, Row())

    def hold(self, key: str, seconds: float, longest: float = 900.0) -> None:
        """Block a bucket as a response of the provider does."""
        row, now = self.row(key), self.clock()
        row.blocked_until, row.asked_until = now + min(seconds, longest), now + seconds

    def lift(self, key: str) -> None:
        row = self.row(key)
        row.blocked_until = row.asked_until = float("-inf")

    async def draw(self, lane: Lane, asks: Sequence[Ask]) -> dict[str, Drawn]:
        self.statements += 1
        return {ask.budget.key: self._draw(lane, ask) for ask in asks}

    async def give_back(self, unused: Sequence[tuple[str, datetime, float]]) -> None:
        for key, end_at, seconds in unused:
            row = self.rows[key]
            if EPOCH + timedelta(seconds=row.next_at) == end_at:
                row.next_at -= seconds

    def _draw(self, lane: Lane, ask: Ask) -> Drawn:
        row, now, manners = self.row(ask.budget.key), self.clock(), LANES[lane]
        gap, width = 1 / (ask.budget.rate * row.factor), max(ask.budget.burst * row.factor, 1)
        room, half = max(width * (1 - manners.floor), 1) * gap, floor(width / 2) * gap
        keep = min(0.2, (width - 1) * gap)
        start = max(min(row.next_at - now, width * gap + ask.ahead), 0)
        queue = min(max(row.queues.get(lane, now) - now, 0), 3600)
        blocked = max(row.blocked_until - now, 0)

        def there(limit: float, taken: int) -> int:
            return max(floor((limit - start) / gap + _HAIR) - taken, 0)

        is_probe = blocked > 0 and row.probe_at is not None and row.probe_at <= now
        held = 0 if blocked else min(ask.holders, there(ask.ahead + room, 0))
        limit = half if queue > 0.05 else ask.ahead + room
        new = int(is_probe) if blocked else min(ask.newcomers, there(limit, held))
        drawn, spare = start + (held + new) * gap, 0
        if not blocked and held + new == ask.holders + ask.newcomers:
            spare = min(ask.extra, max(floor((half - max(drawn, keep)) / gap + _HAIR), 0))
        ends = max(drawn, keep) + spare * gap if spare else drawn
        places = max(min(ask.queued, ask.newcomers - new), 0)
        lower = any(row.queues.get(it, now) > now for it in _LOWER[lane])
        pace = gap / manners.share if lower else gap
        turn = max(queue, blocked, ends + gap - room, 0)
        row.next_at = now + ends
        if places:
            row.queues[lane] = now + turn + places * pace
        if not blocked:
            row.probe_at = None
        elif is_probe or row.probe_at is None:
            row.probe_at = now + 60
        return Drawn(
            taken=held + new,
            spare=spare,
            first=start + gap - room,
            gap=gap,
            keep=keep,
            end_at=EPOCH + timedelta(seconds=row.next_at),
            places=places,
            turn=turn,
            pace=pace,
            free=max(ends + gap - room, blocked, 0),
            queue=row.queues.get(lane, now) - now,
            blocked=blocked,
            asked_for=max(row.asked_until - now, 0),
            is_probe=is_probe,
            factor=row.factor,
            used=min(ends / (width * gap), 1),
        )


_LOWER = {Lane.URGENT: (Lane.NORMAL, Lane.BULK), Lane.NORMAL: (Lane.BULK,), Lane.BULK: ()}
