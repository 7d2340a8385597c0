"""The limits of a channel, and what is done about them beside the calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from herald.channel import metrics
from herald.channel.accounts import SendingAccount
from herald.channel.limits.buckets import Buckets
from herald.channel.limits.feedback import Feedback
from herald.channel.limits.limiter import Limiter
from herald.database.pool import Database
from herald.providers.budgets import account_key
from herald.service.background import run_together
from herald.service.periodic import Periodic

TIDY_SECONDS = 0.25
DELETE_SECONDS = 60.0
SHOWN_FACTOR = 0.95  # above it nobody needs to know


class LimitKeeper:
    """Keeps the limits of one channel's accounts in order, and says which are not as configured."""

    def __init__(
        self,
        database: Database,
        accounts: Sequence[SendingAccount] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        rows = Buckets(database)
        self.limiter = Limiter(rows, clock)
        self.feedback = Feedback(database, self.limiter, learned=self.limiter.learn, clock=clock)
        self._accounts = accounts
        self._clock = clock
        self._tidying = Periodic("limits", self._tidy, TIDY_SECONDS)
        self._deleting = Periodic("idle_limits", rows.delete_idle, DELETE_SECONDS, jitter=0.5)

    @property
    def warning(self) -> str | None:
        """Name the accounts that their providers let call less than configured, for readiness."""
        states = filter(None, (self._state(account.name) for account in self._accounts))
        return "; ".join(states) or None

    async def run(self) -> None:
        """Keep order until cancelled."""
        await run_together(self._tidying.run, self._deleting.run, self.feedback.run)

    async def _tidy(self) -> None:
        for account in self._accounts:
            share = self.limiter.factor(account_key(account.name))
            metrics.RATE_SHARE.labels(account.options.channel, account.name).set(share)
        await self.limiter.tidy()

    def _state(self, account: str) -> str | None:
        key = account_key(account)
        blocked, factor = self.limiter.blocked_for(key, self._clock()), self.limiter.factor(key)
        if blocked > 0:
            return f"{account} is held by its provider for {blocked:.0f} s"
        if factor < SHOWN_FACTOR:
            return f"{account} is throttled: it calls at {factor:.0%} of its rate"
        return None
