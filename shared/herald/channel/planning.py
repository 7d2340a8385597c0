"""What to do with each work of a batch: which account calls, or when, or why none can. Pure.

Nothing is taken here. What limits and breakers allow is read, and what is planned for the batch
counts, so that it spreads over accounts as works one by one would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import ValidationError

from herald.channel.accounts import SendingAccount
from herald.channel.breaker import Trouble
from herald.channel.choice import by_weight, nearest
from herald.channel.limits.limiter import Limiter
from herald.channel.limits.places import PATIENCE_SECONDS, Place
from herald.channel.reports import NO_ACCOUNT, NO_ACCOUNT_IN_ORDER
from herald.contracts.failures import Failure
from herald.contracts.grants import Grant
from herald.contracts.identifiers import is_attempt_id
from herald.contracts.vocabulary import Lane
from herald.contracts.work import Work
from herald.egress.codes import NO_EGRESS

# Workers get a new configuration one after another: work goes round a few times until one knows its
# account.
NOT_CONFIGURED_WAIT = timedelta(seconds=5)
NOT_CONFIGURED_DISPATCHES = 6
PAUSED_WAIT = timedelta(seconds=30)  # nobody knows how long a pause will last: the work asks again


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment by both clocks: what this process waits by, and what all processes share."""

    monotonic: float
    time: datetime  # the database's


class Wish(NamedTuple):
    """A call that an account is to make, if its limits let it within `patience` seconds.

    `probe`: the account is down, and this call tries whether it is well again. Without `may_queue`
    another account is asked before the call takes a place in a queue.
    """

    account: SendingAccount
    patience: float
    probe: bool
    egress: str | None = None  # the member that it goes by, where the account goes by any
    may_queue: bool = True
    is_busy: bool = False  # as far as is known, there are few slots or none


@dataclass(frozen=True, slots=True)
class Impossible:
    """No account can make the call: a failure to record."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class OnTrial:
    """Every account that may make the call is on trial: better wait for the end of one's call."""


@dataclass(frozen=True, slots=True)
class Later:
    """No account may make the call now; one may after `wait`, None where nobody can say.

    `failure`: what the provider said, where it was called and took nothing. `grant`: its place in
    the queue of a limit.
    """

    reason: str
    wait: timedelta | None
    failure: Failure | None = None
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """It waits in its slot, and is planned again at `at`: its turn at a limit, as a rule."""

    at: float


Plan = Wish | Impossible | OnTrial | Later | Queued

TOO_LATE = Later("too_late", None)


def read_work(body: bytes) -> Work | None:
    """Read work; None when nobody could act on it."""
    try:
        # what `model_validate_json` calls, at a tenth less than it costs
        work = Work.__pydantic_validator__.validate_json(body)
    except ValidationError:
        return None
    return work if is_attempt_id(work.attempt_id) else None


class Planner:
    """Plans the works of one batch, in turn."""

    def __init__(self, accounts: Sequence[SendingAccount], limiter: Limiter, now: Moment) -> None:
        self._accounts = accounts
        self._of_tenant: dict[str, Sequence[SendingAccount]] = {}  # as works ask for them
        self._limiter = limiter
        self._now = now
        self._ready: dict[tuple[str, str | None, Lane], float] = {}  # what limits say
        self._tight: dict[tuple[str, str | None, Lane], bool] = {}
        self._queues: dict[str, float] = {}  # when accounts that are busy get to the next work
        self._promised: set[str] = set()  # accounts that get calls of this batch
        self._probed: set[str] = set()

    def plan(self, work: Work, place: Place | None = None) -> Plan:
        """Choose an account for `work`, or say why none calls now; `place`: in a limit's queue."""
        left = (work.not_after - self._now.time).total_seconds()
        if left <= 0:
            return TOO_LATE
        chosen = self._choose(work, place)
        if not isinstance(chosen, SendingAccount):
            return chosen
        ready_at, now = self._ready_at(chosen, work, place), self._now.monotonic
        is_busy, is_probe = ready_at > now, chosen.breaker.down is not None
        if is_busy:
            gap = self._limiter.gap(chosen.shared_budgets(work))
            self._queues[chosen.name] = ready_at + gap
        else:
            self._promised.add(chosen.name)
            if is_probe:
                self._probed.add(chosen.name)
        may_queue = is_busy or is_probe or not self._has_others(chosen, work)
        is_busy = is_busy or self._is_tight(chosen, work)
        queue = None if place is None else place.key
        egress = chosen.choose_egress(work, now, self._now.time, queue)
        patience = min(PATIENCE_SECONDS, left)
        return Wish(chosen, patience, is_probe, egress, may_queue, is_busy)

    def _choose(
        self, work: Work, place: Place | None
    ) -> SendingAccount | Impossible | OnTrial | Later:
        """Return the nearest account by weight, or that which is free soonest: the first of equals.

        An account that is down is chosen when its probe is due, be others free or not: nothing else
        would show that it is well again. One on trial is left alone where several fit.
        """
        fitting = [account for account in self._of(work.tenant) if account.serves(work)]
        for account in fitting:
            if account.breaker.down is not None and account.has_way and self._may_probe(account):
                return account
        usable = [account for account in fitting if account.breaker.is_closed and account.has_way]
        if len(usable) > 1:
            usable = list(nearest(usable, work))
        if len(usable) > 1:
            usable = [account for account in usable if not self._is_on_trial(account)]
            if not usable:
                return OnTrial()
        if usable:
            return usable[0] if len(usable) == 1 else self._chosen(usable, work, place)
        if self._may_be_known_elsewhere(work):
            return Later("account_not_configured", NOT_CONFIGURED_WAIT)
        return _none_usable(fitting, self._now.monotonic)

    def _chosen(
        self, usable: Sequence[SendingAccount], work: Work, place: Place | None
    ) -> SendingAccount:
        """Return the recipient's account by weight, if it is free; or else the one free soonest."""
        now = self._now.monotonic
        for account in by_weight(usable, work.to, now):
            if self._ready_at(account, work, place) <= now:
                return account
        return min(usable, key=lambda account: self._ready_at(account, work, place))

    def _ready_at(self, account: SendingAccount, work: Work, place: Place | None) -> float:
        """Return when the account's limits let it make the call, as far as is known."""
        budgets = account.shared_budgets(work)
        if place is not None and place.is_at(account.budgets(work)):
            ready = self._limiter.ready_at(budgets, work.lane, self._now.monotonic, due=True)
            return max(ready, place.at)
        way = account.name, work.sender, work.lane
        known = self._ready.get(way)
        if known is None:
            known = self._limiter.ready_at(budgets, work.lane, self._now.monotonic, due=False)
            self._ready[way] = known
        return max(known, self._queues.get(account.name, known))

    def _is_tight(self, account: SendingAccount, work: Work) -> bool:
        way = account.name, work.sender, work.lane
        known = self._tight.get(way)
        if known is None:
            budgets = account.shared_budgets(work)
            known = self._limiter.is_tight(budgets, work.lane, self._now.monotonic)
            self._tight[way] = known
        return known

    def _has_others(self, chosen: SendingAccount, work: Work) -> bool:
        accounts = self._of(work.tenant)
        return len(accounts) > 1 and any(
            account is not chosen
            and account.breaker.is_closed
            and account.has_way
            and account.serves(work)
            for account in accounts
        )

    def _of(self, tenant: str) -> Sequence[SendingAccount]:
        """Return a tenant's accounts: few, where there are many of all tenants."""
        known = self._of_tenant.get(tenant)
        if known is None:
            known = [one for one in self._accounts if tenant in one.options.tenants]
            self._of_tenant[tenant] = known
        return known

    def _may_probe(self, account: SendingAccount) -> bool:
        is_granted = account.breaker.may_probe(self._now.monotonic, account.timeout_seconds)
        return is_granted and account.name not in self._probed

    def _is_on_trial(self, account: SendingAccount) -> bool:
        breaker, now = account.breaker, self._now.monotonic
        begins = account.name in self._promised and breaker.needs_trial(now)
        return begins or breaker.is_on_trial(now)

    def _may_be_known_elsewhere(self, work: Work) -> bool:
        """Whether the work names an account that only this worker's configuration may lack."""
        if work.account is None or work.dispatch >= NOT_CONFIGURED_DISPATCHES:
            return False
        return all(account.name != work.account for account in self._accounts)


def _none_usable(fitting: Sequence[SendingAccount], now: float) -> Later | Impossible:
    if not fitting:
        return Impossible(NO_ACCOUNT)
    if any(account.breaker.paused for account in fitting):
        return Later("account_paused", PAUSED_WAIT)
    shut_in = [a.egress.wait(now) for a in fitting if a.breaker.is_closed and a.egress is not None]
    if shut_in:
        return Later(NO_EGRESS, timedelta(seconds=min(shut_in)))
    waits = [
        account.breaker.wait(now)
        for account in fitting
        if account.breaker.down is not None and account.breaker.down.trouble is not Trouble.AUTH
    ]
    if not waits:
        return Impossible(NO_ACCOUNT_IN_ORDER)
    return Later("account_down", timedelta(seconds=min(waits)))
