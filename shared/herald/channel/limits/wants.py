"""What calls want of limits, and what they are answered. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from herald.channel.limits.buckets import Drawn
from herald.channel.limits.leases import Lease
from herald.providers.budgets import Budget, Scope

NEVER = float("-inf")


class Want(NamedTuple):
    """One call's budgets: those that calls to others draw from, too, and its recipient's.

    Who is `due` has waited for its turn; who `may_queue` takes a place.
    """

    shared: tuple[Budget, ...]
    pair: tuple[Budget, ...] = ()
    due: bool = False
    may_queue: bool = True

    @classmethod
    def of(cls, budgets: tuple[Budget, ...], *, due: bool = False, may_queue: bool = True) -> Want:
        """Want slots of these; a recipient's budget is the last, if there is one."""
        if budgets and budgets[-1].scope is Scope.PAIR:
            return cls(budgets[:-1], budgets[-1:], due, may_queue)
        return cls(budgets, (), due, may_queue)

    @property
    def budgets(self) -> tuple[Budget, ...]:
        return self.shared + self.pair if self.pair else self.shared


@dataclass(frozen=True, slots=True)
class Refusal:
    """No slot now. `at` is when to ask again: a turn in the queue of `key`, if `has_place`."""

    key: str
    at: float
    has_place: bool = False
    asked_for: float = 0.0  # seconds, by the provider whose response blocks the limit


@dataclass(frozen=True, slots=True)
class Facts:
    """What was last said of a bucket, for all lanes."""

    factor: float = 1.0  # of its rate
    blocked_until: float = NEVER
    asked_until: float = NEVER
    noted_at: float = NEVER  # when a call of this worker's met the block
    learned_at: float = NEVER


@dataclass(slots=True)
class Round:
    """One statement's answers, and the places they hold."""

    drawn: dict[str, Drawn] = field(default_factory=dict)
    asked_at: float = 0.0
    places: dict[str, int] = field(default_factory=dict)  # given out
    refused: dict[str, int] = field(default_factory=dict)  # calls whose turn it is

    def place(self, key: str) -> float | None:
        """Return the next place in a bucket's queue, if there is one."""
        drawn, number = self.drawn.get(key), self.places.get(key, 0)
        if drawn is None or number >= drawn.places:
            return None
        self.places[key] = number + 1
        return self.asked_at + drawn.turn + number * drawn.pace

    def behind(self, key: str) -> int:
        """Count one more call that its bucket has no slot for; return how many came before it."""
        number = self.refused.get(key, 0)
        self.refused[key] = number + 1
        return number


@dataclass(slots=True)
class Count:
    """What a batch wants of one bucket beyond the lease."""

    budget: Budget
    lease: Lease
    stock: int
    likely: float = float("inf")  # how many more it may give
    is_queued: bool = False
    holders: int = 0
    newcomers: int = 0
    queued: int = 0

    def keeps(self, want: Want) -> bool:
        """Whether the bucket will hardly give a slot for it."""
        if self.stock > 0:
            return False
        return self.likely <= self.holders + self.newcomers or (self.is_queued and not want.due)

    def add(self, want: Want) -> None:
        """Count a call in. One that is due and can't be served asks nothing: it knows when."""
        if self.stock > 0:
            self.stock -= 1
        elif not want.due:
            self.newcomers += 1
            self.queued += want.may_queue
        elif self.likely > self.holders:
            self.holders += 1
