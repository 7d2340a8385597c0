"""An account ready to make calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from herald.channel.breaker import Breaker
from herald.channel.limits import TokenBucket
from herald.contracts.work import Work
from herald.providers.account import Account, NoSecrets, Secrets
from herald.providers.sending import Provider

# beyond the provider's time limit: waiting for a connection, recording the outcome
LEASE_SLACK = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingAccount:
    """An account ready to make calls."""

    name: str
    options: Account
    provider: Provider
    bucket: TokenBucket
    breaker: Breaker = field(default_factory=Breaker)
    secrets: Secrets = field(default_factory=NoSecrets, repr=False)

    @property
    def lease(self) -> timedelta:
        """How long a claim lasts: the call can't outlive it."""
        return self.options.timeout + LEASE_SLACK

    @property
    def timeout_seconds(self) -> float:
        """How long a call takes at most."""
        return self.options.timeout.total_seconds()

    def serves(self, work: Work) -> bool:
        """Whether this account may make the call."""
        return (
            work.tenant in self.options.tenants
            and work.account in {None, self.name}
            and self.name not in work.avoid
            and self.options.sends_as(work.sender)
        )
