"""How fast calls may be made: budgets, and which of them a throttled call is about. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from herald.contracts.masking import address_hash

if TYPE_CHECKING:
    from herald.contracts.work import Work

_ALL_BITS = (1 << 64) - 1


class Scope(StrEnum):
    """What a platform throttles when it throttles a call."""

    ACCOUNT = "account"  # every call of the account
    SENDER = "sender"  # every call with the same number or address to send from
    PAIR = "pair"  # every call with the same sender and recipient
    EGRESS = "egress"  # every call from the same address of ours


@dataclass(frozen=True, slots=True)
class Allowance:
    """Calls a second, and how many at once after a pause."""

    rate: float
    burst: float

    @classmethod
    def of(cls, rate: float, burst: float | None = None) -> Allowance:
        """Allow one second's worth at once, at least one call, where nothing else is said."""
        return cls(rate, max(rate, 1.0) if burst is None else burst)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowances:
    """What an account may do by its configuration and its platform's profile."""

    account: Allowance
    sender: Allowance | None = None
    pair: Allowance | None = None
    egress: Allowance | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit that a call draws from; all workers that draw from a key share it."""

    key: str
    rate: float  # calls a second
    burst: float  # calls at once
    scope: Scope


class AccountBudgets:
    """The budgets of one account's calls; those that many calls share are made once."""

    def __init__(self, account: str, provider: str, allowances: Allowances) -> None:
        self._account = account
        self._provider = provider
        self._allowances = allowances
        self._shared: dict[tuple[str | None, str | None], tuple[Budget, ...]] = {}

    def of(self, work: Work, egress: str | None = None) -> tuple[Budget, ...]:
        """Return every budget that the call for `work` needs; `egress` names the way it leaves."""
        shared = self.shared(work, egress)
        if self._allowances.pair is None:
            return shared
        recipient = f"{address_hash(work.to) & _ALL_BITS:016x}"
        key = f"pair:{self._account}:{work.sender or ''}:{recipient}"
        return (*shared, _budget(key, self._allowances.pair, Scope.PAIR))

    def shared(self, work: Work, egress: str | None = None) -> tuple[Budget, ...]:
        """Return those that calls to others need, too."""
        way = work.sender, egress
        shared = self._shared.get(way)
        if shared is None:
            shared = self._shared[way] = self._make(*way)
        return shared

    def _make(self, sender: str | None, egress: str | None) -> tuple[Budget, ...]:
        allowed = self._allowances
        made = [_budget(account_key(self._account), allowed.account, Scope.ACCOUNT)]
        if allowed.sender is not None and sender is not None:
            key = f"sender:{self._account}:{sender}"
            made.append(_budget(key, allowed.sender, Scope.SENDER))
        if allowed.egress is not None and egress is not None:
            key = egress_key(egress, self._provider)
            made.append(_budget(key, allowed.egress, Scope.EGRESS))
        return tuple(made)


def account_key(account: str) -> str:
    """Name the budget of all calls of an account."""
    return f"account:{account}"


def egress_key(egress: str, provider: str) -> str:
    """Name the budget of one egress member's calls to one provider."""
    return f"egress:{egress}:{provider}"


def throttled_budget(drawn: Sequence[Budget], scope: Scope) -> Budget | None:
    """Return the budget that a throttled call is about.

    A scope without a budget of its own is its account's, but for a recipient's: others may be
    called as before.
    """
    for budget in drawn:
        if budget.scope is scope:
            return budget
    return None if scope is Scope.PAIR else drawn[0]


def _budget(key: str, allowance: Allowance, scope: Scope) -> Budget:
    return Budget(key, allowance.rate, allowance.burst, scope)
