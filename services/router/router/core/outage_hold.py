"""After an outage of the database nobody is silent yet: a worker may take a while to go on.

What was handed out before the outage could not start meanwhile, and its worker tries again only now
and then. So silence is judged no further than it was before, for as long as that may take. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

OUTAGE = timedelta(seconds=3)  # without a look at the database; mostly there are two a second
HOLD = timedelta(seconds=10)  # a worker waits 5 s at most between two tries, then has a backlog


class OutageHold:
    """What a router lets its gates judge, who looks at the database again and again."""

    def __init__(self) -> None:
        self._seen_at: datetime | None = None
        self._judged: Mapping[str, datetime] = {}
        self._until: datetime | None = None  # the end of the hold, while there is one

    def held(self, gates: Mapping[str, datetime], now: datetime) -> Mapping[str, datetime]:
        """Return how far the gates may be judged that this look at the database led to."""
        if self._seen_at is not None and now - self._seen_at > OUTAGE:
            self._until = now + HOLD
        self._seen_at = now
        if self._until is not None and now < self._until:
            before = self._judged
            gates = {name: min(gates[name], before[name]) for name in gates.keys() & before.keys()}
        else:
            self._until = None
        self._judged = gates
        return gates
