"""Limits that providers keep to, set while running: calls a second, their own words for more."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

MAX_BUCKETS = 100_000  # of one limit: recipients are many


class Scope(StrEnum):
    """What a limit counts together."""

    ACCOUNT = "account"
    SENDER = "sender"
    PAIR = "pair"  # a sender and a recipient


class Limit(BaseModel):
    """A limit of one provider; its code is the provider's usual one for the scope, unless given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str
    account: str | None = None  # as in sandbox.toml; all by default, each by itself
    scope: Scope = Scope.ACCOUNT
    rate: float = Field(gt=0)  # calls a second
    burst: float | None = Field(default=None, ge=1)  # calls at once; a second's worth by default
    code: int | str | None = None  # what it says to a call too many
    retry_after: int | None = Field(default=None, ge=1)  # seconds; none named by default


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(slots=True)
class Enforced:
    """A limit at work, and what it let through."""

    limit: Limit
    taken: int = 0
    throttled: int = 0
    _buckets: dict[tuple[str, ...], _Bucket] = field(default_factory=dict)

    def takes(self, key: tuple[str, ...], now: float) -> bool:
        """Whether it lets a call through."""
        rate = self.limit.rate
        burst = max(1.0, rate) if self.limit.burst is None else self.limit.burst
        bucket = self._buckets.setdefault(key, _Bucket(burst, now))
        if len(self._buckets) > MAX_BUCKETS:
            del self._buckets[next(iter(self._buckets))]
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.tokens < 1:
            self.throttled += 1
            return False
        bucket.tokens -= 1
        self.taken += 1
        return True

    def shown(self) -> dict[str, Any]:
        """Show it with its counts."""
        counts = {"taken": self.taken, "throttled": self.throttled}
        return {**self.limit.model_dump(mode="json"), **counts}


class Throttling:
    """The limits of one sandbox. None at first: whatever comes is taken."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._enforced: dict[tuple[str, str | None, Scope], Enforced] = {}

    def set(self, limit: Limit) -> None:
        """Set a limit, or another rate of it; its counts begin anew."""
        self._enforced[limit.provider, limit.account, limit.scope] = Enforced(limit)

    def clear(self) -> None:
        """Keep to no limit any more."""
        self._enforced.clear()

    def shown(self) -> Sequence[dict[str, Any]]:
        """Show every limit with what it let through."""
        return [enforced.shown() for enforced in self._enforced.values()]

    def throttling(
        self, *, provider: str, account: str, sender: str, recipient: str
    ) -> Limit | None:
        """Return the limit that a call is too fast for; None: it is taken."""
        if not self._enforced:
            return None
        keys = {
            Scope.ACCOUNT: (account,),
            Scope.SENDER: (account, sender),
            Scope.PAIR: (account, sender, recipient),
        }
        now = self._clock()
        for (of, named, scope), enforced in self._enforced.items():
            meant = of == provider and named in {None, account}
            if meant and not enforced.takes(keys[scope], now):
                return enforced.limit
        return None
