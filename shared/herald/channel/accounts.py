"""Which account makes a call: allowed, fitting, not to be avoided, and soonest free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from herald.channel.limits import TokenBucket
from herald.channel.provider import Provider
from herald.config.accounts import Account
from herald.work import Work

# beyond the provider's time limit: waiting for a token, recording the outcome
LEASE_SLACK = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """An account ready to make calls."""

    name: str
    account: Account
    provider: Provider
    bucket: TokenBucket

    @property
    def lease(self) -> timedelta:
        """How long a claim lasts: the call can't outlive it."""
        return self.account.timeout + LEASE_SLACK

    def serves(self, work: Work) -> bool:
        """Whether this account may make the call."""
        return (
            work.tenant in self.account.tenants
            and work.account in {None, self.name}
            and self.name not in work.avoid
            and self.account.sends_as(work.sender)
        )


def choose(slots: Sequence[Slot], work: Work, now: datetime) -> Slot | None:
    """Return the fitting account that is free soonest, the first configured among equals."""
    fitting = [slot for slot in slots if slot.serves(work)]
    return min(fitting, key=lambda slot: slot.bucket.peek(now), default=None)
