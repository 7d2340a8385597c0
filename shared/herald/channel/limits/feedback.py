"""What calls' ends say of the limits they drew from, written for all workers a few times a second.

A call that is as good as usual costs nothing. While the database is away the last word on each
bucket is kept, and no slots are given out anyway.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from herald.channel.limits import adaptation_rows
from herald.channel.limits.adaptation import (
    Adaptation,
    reopened,
    throttled,
    worked,
)
from herald.channel.limits.adaptation_rows import Change
from herald.channel.limits.tally import Tally
from herald.database.pool import Database
from herald.providers.budgets import Budget, Scope, throttled_budget
from herald.providers.sending import Accepted, Refused, SendResult, Uncertain
from herald.service.periodic import Periodic

INTERVAL_SECONDS = 0.1  # between two writes
IDLE_SECONDS = 1.0
GOOD_SECONDS = 1.0  # between two good answers that are noted of one bucket
WRITE_SECONDS = 5.0  # a database that takes longer counts as away


class Limits(Protocol):
    """What the process knows of its limits."""

    def factor(self, key: str) -> float:
        """Return the share of its rate that a bucket has, as far as is known here."""
        ...

    def block(self, key: str, seconds: float) -> None:
        """Use no slot of a bucket for a while: the others learn of it a moment later."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lesson:
    """What is to be written of one bucket."""

    is_throttled: bool = False
    is_pair: bool = False
    began: float = float("-inf")  # the latest throttled call, by this process's clock
    share: float = 1.0  # of the calls of late, those that were throttled
    retry_after: float | None = None
    is_good: bool = False
    is_probe: bool = False
    reopens_at: float | None = None  # the bucket's rate, where its account was down


class Feedback:
    """Collects what calls' ends say, and writes it until cancelled.

    `learned` is called with what is known then of each bucket that was written.
    """

    def __init__(
        self,
        database: Database,
        limits: Limits,
        *,
        learned: Callable[[Mapping[str, Adaptation]], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._limits = limits
        self._learned = learned
        self._clock = clock
        self._lessons: dict[str, _Lesson] = {}
        self._good_at: dict[str, float] = {}
        self._tallies: dict[str, Tally] = {}  # of all but recipients
        self._periodic = Periodic("feedback", self.write, IDLE_SECONDS)

    async def run(self) -> None:
        """Write what was noted, until cancelled."""
        await self._periodic.run()

    def note(
        self,
        budgets: Sequence[Budget],
        result: SendResult,
        *,
        began: float | None = None,
        is_probe: bool = False,
        is_slow: bool = False,
    ) -> Budget | None:
        """Take in the end of a call; return the budget that was throttled, if one was.

        `began`: when it was made, by this process's clock; it says nothing of a rate that is newer.
        `is_probe`: the call was let through while a response of the provider held all others.
        `is_slow`: its end took long. While an account has less than its rate, that or no answer at
        all shows that it is called too fast.
        """
        now = self._clock()
        at = now if began is None else began
        if isinstance(result, Refused) and result.scope is not None:
            return self._note_throttled(budgets, result, result.scope, at)
        if budgets and (is_slow or isinstance(result, Uncertain)):
            self._note_slow(budgets[0].key, at, now)
        elif isinstance(result, Accepted):
            for budget in budgets:
                if budget.scope is not Scope.PAIR:
                    self._tally(budget.key).count(is_throttled=False, began=at, now=now)
                self._note_good(budget.key, is_probe=is_probe)
        return None

    async def reopen(self, budget: Budget) -> None:
        """Let an account that was down open gradually; written before anybody learns it is up."""
        lesson = self._lessons.get(budget.key, _Lesson())
        self._lessons[budget.key] = replace(lesson, reopens_at=budget.rate)
        await self._periodic.turn()

    async def write(self) -> bool:
        """Write what was noted; return whether there is more already."""
        if not self._lessons:
            return False
        lessons, self._lessons = self._lessons, {}
        now = self._clock()
        changes = {key: self._change(key, lesson, now) for key, lesson in lessons.items()}
        try:
            async with asyncio.timeout(WRITE_SECONDS), self._database.connection() as connection:
                known = await adaptation_rows.change(connection, changes)
        except BaseException:
            self._lessons = {**lessons, **self._lessons}  # what is newer counts
            raise
        for key, state in known.items():
            if key in self._tallies:
                self._tallies[key].follow(state.decreased_at, now)
        self._learned(known)
        await asyncio.sleep(INTERVAL_SECONDS)
        return bool(self._lessons)

    def _change(self, key: str, lesson: _Lesson, now: float) -> Change:
        tally = self._tallies.get(key)
        share = 1.0 if tally is None else tally.share
        return partial(_apply, replace(lesson, share=share), now)

    def _note_throttled(
        self, budgets: Sequence[Budget], result: Refused, scope: Scope, began: float
    ) -> Budget | None:
        budget = throttled_budget(budgets, scope)
        if budget is None:
            return None
        asked = result.failure.retry_after
        seconds = None if asked is None else asked.total_seconds()
        before = self._lessons.get(budget.key, _Lesson())
        longest = max((it for it in (seconds, before.retry_after) if it is not None), default=None)
        is_pair = budget.scope is Scope.PAIR
        if not is_pair:
            self._tally(budget.key).count(is_throttled=True, began=began, now=self._clock())
        self._lessons[budget.key] = replace(
            before,
            is_throttled=True,
            is_pair=is_pair,
            began=max(before.began, began),
            retry_after=longest,
        )
        if seconds is not None:
            self._limits.block(budget.key, seconds)
        self._periodic.wake()
        return budget

    def _note_slow(self, key: str, began: float, now: float) -> None:
        if self._limits.factor(key) >= 1.0:
            return
        self._tally(key).count(is_throttled=True, began=began, now=now)
        before = self._lessons.get(key, _Lesson())
        began = max(before.began, began)
        self._lessons[key] = replace(before, is_throttled=True, began=began)
        self._periodic.wake()

    def _tally(self, key: str) -> Tally:
        found = self._tallies.get(key)
        if found is None:
            found = self._tallies[key] = Tally()
        return found

    def _note_good(self, key: str, *, is_probe: bool) -> None:
        if not is_probe and self._limits.factor(key) >= 1.0:
            self._good_at.pop(key, None)
            return
        now = self._clock()
        if not is_probe and now - self._good_at.get(key, -GOOD_SECONDS) < GOOD_SECONDS:
            return
        self._good_at[key] = now
        before = self._lessons.get(key, _Lesson())
        self._lessons[key] = replace(before, is_good=True, is_probe=before.is_probe or is_probe)
        self._periodic.wake()


def _apply(lesson: _Lesson, written: float, state: Adaptation, now: float) -> Adaptation:
    """Apply what was noted; good answers first: what is throttled now is newer in any case.

    `written` is now by this process's clock, `now` by the database's.
    """
    if lesson.reopens_at is not None:
        state = reopened(state, now, rate=lesson.reopens_at)
    if lesson.is_good:
        state = worked(state, now, is_probe=lesson.is_probe)
    if lesson.is_throttled:
        state = throttled(
            state,
            now,
            called_at=now - (written - lesson.began),
            share=lesson.share,
            retry_after=lesson.retry_after,
            is_pair=lesson.is_pair,
        )
    return state
