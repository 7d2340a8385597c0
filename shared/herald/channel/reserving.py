"""What the calls of a batch take from the limits of their accounts, in one step.

The limits are those of this process; ones that processes share may suspend here, once a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from herald.channel.attempts import Attempt, Reserved
from herald.channel.planning import Later, Wish


async def reserve(attempts: Sequence[Attempt], now: float) -> None:
    """Answer each wish of a batch, in order: now, at a time soon, or later.

    Nothing is taken when it raises.
    """
    for attempt in attempts:
        if isinstance(attempt.plan, Wish):
            attempt.plan = _take(attempt.plan, now)


def _take(wish: Wish, now: float) -> Reserved | Later:
    account = wish.account
    token = account.bucket.reserve(now, wish.patience)
    if token is None:
        return Later("rate_limit", timedelta(seconds=account.bucket.expected_wait(now)))
    account.breaker.begin_trial(now)
    probe = account.breaker.take_probe() if wish.probe else None
    return Reserved(account, token, probe, wish.egress)
