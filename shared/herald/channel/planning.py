"""What to do with a delivery of work: make its call, give it back, or say that nobody can. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from herald.channel.accounts import LEASE_SLACK, Later, OnTrial, SendingAccount, choose
from herald.channel.limits import Token
from herald.contracts.failures import Failure
from herald.contracts.identifiers import AttemptId
from herald.contracts.work import Work


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment by both clocks: what this process waits by, and what all processes share."""

    monotonic: float
    time: datetime  # the database's


@dataclass(frozen=True, slots=True)
class Reserved:
    """An account and its token; `probe` is the leave to try an account that is down."""

    account: SendingAccount
    token: Token
    probe: float | None = None

    @property
    def lease(self) -> timedelta:
        """How long the claim lasts."""
        return self.account.lease

    def cancel(self, now: float) -> None:
        """Give token and leave back: no call was made."""
        self.account.bucket.give_back(self.token, now)
        self.account.breaker.end_trial()
        if self.probe is not None:
            self.account.breaker.grant_probe(self.probe)

    def still_stands(self, now: float) -> bool:
        """Whether the account may still be called, after a wait for the token."""
        breaker = self.account.breaker
        if self.probe is not None:
            return not breaker.paused
        held = self.account.bucket.is_held(now) and not self.token.probe
        return breaker.is_closed and not held


@dataclass(frozen=True, slots=True)
class Hopeless:
    """Nobody can make the call: a failure to record."""

    failure: Failure

    @property
    def lease(self) -> timedelta:
        """How long the claim lasts."""
        return LEASE_SLACK


Plan = Reserved | Hopeless | OnTrial | Later

TOO_LATE = Later("too_late", None)


def read_work(body: bytes) -> Work | None:
    """Read work; None when nobody could act on it."""
    try:
        work = Work.model_validate_json(body)
    except ValidationError:
        return None
    return work if AttemptId.parse(work.attempt_id) is not None else None


def plan(work: Work, accounts: Sequence[SendingAccount], now: Moment) -> Plan:
    """Choose an account and take its token."""
    if work.not_after <= now.time:
        return TOO_LATE
    chosen = choose(accounts, work, now.monotonic)
    if isinstance(chosen, OnTrial | Later):
        return chosen
    if isinstance(chosen, Failure):
        return Hopeless(chosen)
    left = (work.not_after - now.time).total_seconds()
    if chosen.bucket.peek(now.monotonic) - now.monotonic >= left:
        return TOO_LATE
    token = chosen.bucket.reserve(now.monotonic)
    if token is None:
        return Later("rate_limit", chosen.bucket.expected_wait(now.monotonic))
    chosen.breaker.begin_trial(now.monotonic)
    is_down = chosen.breaker.down is not None
    return Reserved(chosen, token, chosen.breaker.take_probe() if is_down else None)
