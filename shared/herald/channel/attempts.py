"""One attempt in hand: its work, what is decided of it, and the claim it is made under."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from herald.bus.deliveries import Delivery
from herald.channel.accounts import LEASE_SLACK, SendingAccount
from herald.channel.limits.leases import Token
from herald.channel.limits.places import Place
from herald.channel.planning import Impossible, Plan
from herald.contracts.vocabulary import Receipts
from herald.contracts.work import Work
from herald.providers.budgets import Budget
from herald.tracing.spans import Span, trace_of


class Reserved(NamedTuple):
    """An account and its token; `probe` is the leave to try an account that is down.

    `egress` is the member that the call goes by, None where the account goes by none. `budgets`:
    what the call draws from.
    """

    account: SendingAccount
    token: Token
    probe: float | None = None
    egress: str | None = None
    budgets: tuple[Budget, ...] = ()

    def cancel(self) -> None:
        """Give token and leave back: no call was made."""
        self.token.give_back()
        self.account.breaker.end_trial()
        if self.probe is not None:
            self.account.breaker.grant_probe(self.probe)

    def still_stands(self) -> bool:
        """Whether the account may still be called, after a wait for the token."""
        breaker = self.account.breaker
        if self.account.egress is not None and self.egress not in self.account.egress.usable:
            return False
        return not breaker.paused if self.probe is not None else breaker.is_closed


_CLAIMED = (Reserved, Impossible)


@dataclass(slots=True, kw_only=True, eq=False)
class Attempt:
    """A delivery of work on its way through the worker."""

    delivery: Delivery
    work: Work
    plan: Plan | Reserved
    claimant: UUID | None = None  # by which its claim is known, once it has one
    place: Place | None = None  # in the queue of a limit
    lease_ends: float = 0.0  # monotonic; counted from before the claim was asked for
    span: Span | None = None  # None: its message is not traced, or not sampled

    @property
    def id(self) -> str:
        return self.work.attempt_id

    @property
    def names(self) -> dict[str, str]:
        """What a log line calls it."""
        trace = trace_of(None if self.span is None else self.span.context)
        return {"message_id": self.work.message_id, "attempt_id": self.id, **trace}

    @property
    def needs_claim(self) -> bool:
        """Whether a call is to be made, or why no account can make one to be recorded."""
        return isinstance(self.plan, _CLAIMED)

    @property
    def at(self) -> float:
        """When its token is there, in monotonic seconds."""
        return self.plan.token.at if isinstance(self.plan, Reserved) else 0.0

    @property
    def lease(self) -> timedelta:
        """How long its claim lasts."""
        return self.plan.account.lease if isinstance(self.plan, Reserved) else LEASE_SLACK

    @property
    def provider(self) -> str:
        return self.plan.account.options.provider if isinstance(self.plan, Reserved) else ""

    @property
    def account(self) -> str:
        return self.plan.account.name if isinstance(self.plan, Reserved) else ""

    @property
    def receipts(self) -> Receipts | None:
        return self.plan.account.options.receipts if isinstance(self.plan, Reserved) else None

    def cancel(self) -> None:
        """Give back what was reserved: no call was made."""
        if isinstance(self.plan, Reserved):
            self.plan.cancel()
