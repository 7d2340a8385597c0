"""What calls draw from the limits of their accounts, shared with all workers through the rows.

A worker leases slots for the moments to come, so that most batches need no statement. It answers
*now*, or *at t*: a place in the queue of a limit, which takes no slot. While the rows can't be
reached it draws nothing: slots leased are used up, and then nobody calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from herald.channel.limits.adaptation import LONGEST_HOLD_SECONDS, Adaptation
from herald.channel.limits.buckets import Ask, Drawn
from herald.channel.limits.lanes import LANES
from herald.channel.limits.leases import Block, Lease, Token
from herald.channel.limits.wants import NEVER, Count, Facts, Refusal, Round, Want
from herald.contracts.vocabulary import Lane
from herald.providers.budgets import Budget

LEASE_SECONDS = 0.2  # of demand that one statement covers
KNOWN_SECONDS = 1.0  # so long what a statement said of a bucket is believed
AGAIN_SECONDS = 0.02  # until a bucket is asked again of which nothing is known
FORGOTTEN_SECONDS = 60.0
QUEUE_SECONDS = 0.05  # a shorter queue is none
WRITTEN_SECONDS = 1.0  # until what a call met is on the row for all to see
TIGHT = 0.9  # a bucket drawn so far of what a lane may is asked for many calls together
BUSY = 0.5  # a bucket drawn as far has nothing to spare


class Rows(Protocol):
    """Where the buckets are."""

    async def draw(self, lane: Lane, asks: Sequence[Ask]) -> dict[str, Drawn]: ...

    async def give_back(self, unused: Sequence[tuple[str, datetime, float]]) -> None: ...


class Limiter:
    """The limits of one channel's accounts, as its calls draw from them."""

    def __init__(self, rows: Rows, clock: Callable[[], float] = time.monotonic) -> None:
        self._rows = rows
        self._clock = clock
        self._leases: dict[tuple[str, Lane], Lease] = {}
        self._facts: dict[str, Facts] = {}

    async def reserve(self, lane: Lane, wants: Sequence[Want]) -> list[Token | Refusal]:
        """Answer each want; slots of all its budgets, or of none.

        Raises:
            whatever the rows raise; nothing is taken then.
        """
        answers: list[Token | Refusal | None] = [None] * len(wants)
        order: Sequence[int] = range(len(wants))
        if any(want.due for want in wants):
            order = sorted(order, key=lambda number: not wants[number].due)
        try:
            # a recipient's slots are few, and no use to anybody else: they come last
            needs = [(wants[i], wants[i].shared) for i in order]
            for i, answer in zip(order, await self._take(lane, needs), strict=True):
                answers[i] = answer
            paired = [i for i in order if wants[i].pair and isinstance(answers[i], Token)]
            needs = [(wants[i], wants[i].pair) for i in paired]
            for i, answer in zip(paired, await self._take(lane, needs), strict=True):
                answers[i] = _together(answers[i], answer)
        except BaseException:
            _give_back(answers)
            raise
        return [answer for answer in answers if answer is not None]

    async def expected_wait(self, lane: Lane, budgets: Sequence[Budget]) -> float:
        """Ask for how many seconds a call would wait, and take nothing.

        Raises:
            whatever the rows raise.
        """
        looks = await self._rows.draw(lane, [Ask(budget=budget) for budget in budgets])
        return max((max(it.free, it.queue, it.asked_for) for it in looks.values()), default=0.0)

    def ready_at(self, budgets: Iterable[Budget], lane: Lane, now: float, *, due: bool) -> float:
        """Return when a call may be made, as far as is known; `now` where nothing is."""
        times = (self._ready_at(budget.key, lane, now, due=due) for budget in budgets)
        return max(times, default=now)

    def is_tight(self, budgets: Iterable[Budget], lane: Lane, now: float) -> bool:
        """Whether a bucket hardly had more than was asked of it, when it was last asked."""
        leases = (self._leases.get((budget.key, lane)) for budget in budgets)
        return any(
            lease is not None
            and lease.used >= TIGHT * (1 - LANES[lane].floor)
            and lease.asked_at >= now - KNOWN_SECONDS
            and lease.stock(now) == 0
            for lease in leases
        )

    def gap(self, budgets: Sequence[Budget]) -> float:
        """Return the seconds between two calls at the slowest of some budgets."""
        return max(1 / (budget.rate * self.factor(budget.key)) for budget in budgets)

    def factor(self, key: str) -> float:
        """Return the share of its rate that a bucket has, as far as is known."""
        return self._facts.get(key, _NOTHING).factor

    def blocked_for(self, key: str, now: float) -> float:
        """Return for how many seconds a bucket is blocked, as far as is known."""
        return max(self._facts.get(key, _NOTHING).blocked_until - now, 0.0)

    def block(self, key: str, seconds: float) -> None:
        """Note at once that a response blocks a bucket: slots leased of it are not used."""
        now, known = self._clock(), self._facts.get(key, _NOTHING)
        self._facts[key] = Facts(
            known.factor,
            max(known.blocked_until, now + min(seconds, LONGEST_HOLD_SECONDS)),
            max(known.asked_until, now + seconds),
            now,
            now,
        )
        for lane in Lane:
            self._close(key, lane, now)

    def learn(self, learned: Mapping[str, Adaptation]) -> None:
        """Take in what was written of buckets: a lower rate counts from the next statement on."""
        for key, state in learned.items():
            known = self._facts.get(key, _NOTHING)
            if state.blocked_until is None:
                known = Facts(learned_at=known.learned_at)
            self._facts[key] = replace(known, factor=state.factor)

    def usage(self, key: str) -> float:
        """Return the part of a bucket that is drawn, above 1 where calls queue; as last seen."""
        looks = [lease for lane in Lane if (lease := self._leases.get((key, lane))) is not None]
        latest = max(looks, key=lambda lease: lease.asked_at, default=None)
        return 0.0 if latest is None else latest.drawn(self._clock())

    async def tidy(self) -> None:
        """Give back what was not used where others may want it, and forget what is old."""
        now, unused = self._clock(), []
        for (key, lane), lease in list(self._leases.items()):
            left = lease.expired(now)
            if lease.used >= BUSY:  # else the bucket has enough
                unused += [(key, end_at, seconds) for end_at, seconds in left]
            if not lease.blocks and lease.asked_at < now - _remembered(key):
                del self._leases[key, lane]
        for key, known in list(self._facts.items()):
            if max(known.learned_at + _remembered(key), known.blocked_until) < now:
                del self._facts[key]
        if unused:
            await self._rows.give_back(unused)

    async def _take(
        self, lane: Lane, needs: Sequence[tuple[Want, tuple[Budget, ...]]]
    ) -> list[Token | Refusal]:
        if not needs:
            return []
        now, answered = self._clock(), Round()
        asks = self._asks(lane, needs, now)
        if asks:
            answered = Round(await self._rows.draw(lane, asks), now)
            now = self._clock()
            for key, drawn in answered.drawn.items():
                self._learn(key, lane, drawn, answered.asked_at, now)
        return [self._answer(lane, want, budgets, answered, now) for want, budgets in needs]

    def _asks(
        self, lane: Lane, needs: Sequence[tuple[Want, tuple[Budget, ...]]], now: float
    ) -> list[Ask]:
        """Count what the leases lack; a call that one limit keeps asks nothing of the others."""
        counts: dict[str, Count] = {}
        for want, budgets in needs:
            if len(budgets) == 1:
                budget = budgets[0]
                (counts.get(budget.key) or self._count(budget, lane, now, counts)).add(want)
                continue
            counted = [counts.get(b.key) or self._count(b, lane, now, counts) for b in budgets]
            keeping = next((one for one in counted if one.keeps(want)), None)
            for one in counted if keeping is None else (keeping,):
                one.add(want)
        return [
            Ask(
                budget=one.budget,
                holders=one.holders,
                newcomers=one.newcomers,
                queued=one.queued,
                extra=one.lease.demand(now, LEASE_SECONDS, one.budget.rate * LEASE_SECONDS),
            )
            for one in counts.values()
            if one.holders + one.newcomers > 0
        ]

    def _count(self, budget: Budget, lane: Lane, now: float, counts: dict[str, Count]) -> Count:
        lease = self._lease(budget.key, lane)
        counts[budget.key] = made = Count(budget, lease, lease.stock(now))
        if lease.asked_at >= now - KNOWN_SECONDS:
            if lease.free_at > now:
                made.likely = 0
            elif lease.free_at > NEVER:
                made.likely = int((now - lease.free_at) / lease.gap) + 1
            made.is_queued = lease.queue_end > now + QUEUE_SECONDS
        return made

    def _answer(
        self,
        lane: Lane,
        want: Want,
        budgets: tuple[Budget, ...],
        answered: Round,
        now: float,
    ) -> Token | Refusal:
        if len(budgets) == 1:
            lease = self._lease(budgets[0].key, lane)
            block = lease.next_block(now)
            if block is not None:
                return Token(lease.take(block), block.is_probe, (block,))
            return self._refuse(budgets[0].key, lane, want, answered, now)
        leases = [self._lease(budget.key, lane) for budget in budgets]
        blocks = [lease.next_block(now) for lease in leases]
        found = [block for block in blocks if block is not None]
        if len(found) == len(leases):
            if not found:
                return Token(0.0)
            at = max(it.take(block) for it, block in zip(leases, found, strict=True))
            return Token(at, any(block.is_probe for block in found), tuple(found))
        lacking = [b.key for b, block in zip(budgets, blocks, strict=True) if block is None]
        refusals = [self._refuse(key, lane, want, answered, now) for key in lacking]
        return max(refusals, key=lambda refusal: (refusal.has_place, refusal.at))

    def _refuse(self, key: str, lane: Lane, want: Want, answered: Round, now: float) -> Refusal:
        known = self._facts.get(key, _NOTHING)
        asked_for = max(known.asked_until - now, 0.0) if known.blocked_until > now else 0.0
        place = answered.place(key) if want.may_queue and not want.due else None
        if place is not None:
            return Refusal(key, place, has_place=True, asked_for=asked_for)
        ready = self._ready_at(key, lane, now, due=True)
        wait = answered.behind(key) * self._lease(key, lane).gap
        return Refusal(key, max(ready + wait, now + AGAIN_SECONDS), asked_for=asked_for)

    def _learn(self, key: str, lane: Lane, drawn: Drawn, asked_at: float, now: float) -> None:
        lease, known = self._lease(key, lane), self._facts.get(key, _NOTHING)
        lease.learn(drawn, asked_at, now)
        blocked = asked_at + drawn.blocked if drawn.blocked > 0 else NEVER
        asked = asked_at + drawn.asked_for if drawn.blocked > 0 else NEVER
        if known.noted_at > now - WRITTEN_SECONDS:  # it may not be written yet
            blocked, asked = max(blocked, known.blocked_until), max(asked, known.asked_until)
        self._facts[key] = Facts(drawn.factor, blocked, max(blocked, asked), known.noted_at, now)
        if blocked > now and not drawn.is_probe:
            self._close(key, lane, now)

    def _close(self, key: str, lane: Lane, now: float) -> None:
        lease = self._leases.get((key, lane))
        if lease is not None:
            lease.blocks.clear()
            lease.free_at = max(lease.free_at, self._facts[key].blocked_until)
            lease.asked_at = now

    def _ready_at(self, key: str, lane: Lane, now: float, *, due: bool) -> float:
        blocked = self._facts.get(key, _NOTHING).blocked_until
        lease = self._leases.get((key, lane))
        if lease is None or lease.asked_at < now - KNOWN_SECONDS:
            return max(now, blocked)
        if lease.stock(now) > 0:
            return now
        ready = max(now, blocked, lease.free_at)
        is_queued = not due and lease.queue_end > now + QUEUE_SECONDS
        return max(ready, lease.queue_end) if is_queued else ready

    def _lease(self, key: str, lane: Lane) -> Lease:
        lease = self._leases.get((key, lane))
        if lease is None:
            lease = self._leases[key, lane] = Lease()
        return lease


_NOTHING = Facts()


def _together(first: Token | Refusal | None, second: Token | Refusal) -> Token | Refusal:
    """Put the answers of both parts together; slots of a call that is refused come back."""
    if not isinstance(first, Token):
        return second
    if isinstance(second, Refusal):
        first.give_back()
        return second
    if not second.blocks:
        return first
    blocks: tuple[Block, ...] = (*first.blocks, *second.blocks)
    return Token(max(first.at, second.at), first.probe or second.probe, blocks)


def _give_back(answers: Iterable[Token | Refusal | None]) -> None:
    for answer in answers:
        if isinstance(answer, Token):
            answer.give_back()


def _remembered(key: str) -> float:
    return 2.0 if key.startswith("pair:") else FORGOTTEN_SECONDS
