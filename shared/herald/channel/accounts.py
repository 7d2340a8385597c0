"""Which account makes a call: allowed, fitting, in order, not to be avoided, and soonest free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from herald.channel.breaker import Breaker, Trouble
from herald.channel.limits import TokenBucket
from herald.channel.reports import NO_ACCOUNT, NO_ACCOUNT_IN_ORDER
from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.providers.account import Account, NoSecrets, Secrets
from herald.providers.sending import Provider

# beyond the provider's time limit: waiting for a connection, recording the outcome
LEASE_SLACK = timedelta(seconds=20)
# Workers get a new configuration one after another: work goes round a few times until one knows its
# account.
NOT_CONFIGURED_SECONDS = 5.0
NOT_CONFIGURED_DISPATCHES = 6
PAUSED_SECONDS = 30.0  # nobody knows how long a pause will last: the work asks again


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


@dataclass(frozen=True, slots=True)
class OnTrial:
    """Every account that may make the call is on trial: better wait for the end of one's call."""


@dataclass(frozen=True, slots=True)
class Later:
    """No account may make the call now; one may in `wait` seconds, None where nobody can say."""

    reason: str
    wait: float | None


def choose(
    accounts: Sequence[SendingAccount], work: Work, now: float
) -> SendingAccount | OnTrial | Later | Failure:
    """Return the fitting account that is free soonest, the first configured among equals.

    An account that is down is chosen when its probe is due, be others free or not: nothing else
    would show that it is well again. One on trial is left alone where several fit.
    """
    fitting = [account for account in accounts if account.serves(work)]
    for account in fitting:
        if account.breaker.may_probe(now, account.timeout_seconds):
            return account
    usable = [account for account in fitting if account.breaker.is_closed]
    if len(usable) > 1:
        usable = [account for account in usable if not account.breaker.is_on_trial(now)]
        if not usable:
            return OnTrial()
    if usable:
        return min(usable, key=lambda account: account.bucket.peek(now))
    if _may_be_known_elsewhere(accounts, work):
        return Later("account_not_configured", NOT_CONFIGURED_SECONDS)
    return _none_usable(fitting, now)


def _may_be_known_elsewhere(accounts: Sequence[SendingAccount], work: Work) -> bool:
    """Whether the work names an account that only this worker's configuration may lack."""
    is_lacking = work.account is not None and all(
        account.name != work.account for account in accounts
    )
    return is_lacking and work.dispatch < NOT_CONFIGURED_DISPATCHES


def _none_usable(fitting: Sequence[SendingAccount], now: float) -> Later | Failure:
    if not fitting:
        return NO_ACCOUNT
    if any(account.breaker.paused for account in fitting):
        return Later("account_paused", PAUSED_SECONDS)
    waits = [
        account.breaker.wait(now)
        for account in fitting
        if account.breaker.down is not None and account.breaker.down.trouble is not Trouble.AUTH
    ]
    return Later("account_down", min(waits)) if waits else NO_ACCOUNT_IN_ORDER
