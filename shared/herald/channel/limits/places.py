"""A work's place in the queue of a limit, in monotonic seconds. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from herald.contracts.grants import Grant
from herald.providers.budgets import Budget

PATIENCE_SECONDS = 2.0  # a slot waits this long for its turn; past it work is returned
GRACE_SECONDS = 1.0  # and then so long for the limit's slot


@dataclass(frozen=True, slots=True)
class Place:
    """A turn that was promised at `at`; its holder waits for a slot until `until`."""

    key: str  # of the limit
    at: float
    until: float

    @classmethod
    def of(cls, grant: Grant, now: float, time: datetime) -> Place:
        """Read the place that work came back with; `time` is the database's now."""
        at = now + (grant.at - time).total_seconds()
        return cls(grant.key, at, max(at, now) + PATIENCE_SECONDS)

    def is_at(self, budgets: Sequence[Budget]) -> bool:
        """Whether it is in the queue of one of these."""
        return any(budget.key == self.key for budget in budgets)
