"""Making one call: within its lease, in the account's time limit, and what its end says."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from herald.bus.batches import where
from herald.channel.account_calls import RESULTS, AccountCalls
from herald.channel.accounts import SendingAccount
from herald.channel.attempts import Attempt, Reserved
from herald.channel.breaker import Down, Trouble, Verdict
from herald.channel.deadlines import Deadlines
from herald.channel.echoes import without_echoes
from herald.channel.planning import Impossible
from herald.channel.traces import begin_call, end_call
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Budget
from herald.providers.sending import Accepted, NotSent, Refused, SendResult, Uncertain

SLOW_SHARE = 0.2  # of its time limit: a call that takes longer is slow

_log = structlog.get_logger(__name__)


class Lessons(Protocol):
    """Takes in what calls' ends say of the limits they drew from."""

    def note(
        self,
        budgets: Sequence[Budget],
        result: SendResult,
        *,
        began: float | None = None,
        is_probe: bool = False,
        is_slow: bool = False,
    ) -> Budget | None:
        """Take in the end of a call; return the budget that was throttled, if one was."""
        ...

    async def reopen(self, budget: Budget) -> None:
        """Let an account that was down open gradually."""
        ...


class Caller:
    """Makes the calls of one channel; `changed` is called when one opens or closes a breaker."""

    def __init__(
        self,
        channel: str,
        changed: Callable[[], None],
        lessons: Lessons,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._changed = changed
        self._lessons = lessons
        self._clock = clock
        self._deadlines = Deadlines()
        self._calls: dict[str, AccountCalls] = {}
        self._ended: asyncio.Event | None = None  # of the next call; made by whoever waits for it

    async def wait_for_an_end(self, seconds: float) -> None:
        """Return when some call has ended, after `seconds` at most."""
        if self._ended is None:
            self._ended = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()

    async def call(self, attempt: Attempt) -> SendResult:
        """Make the call of an attempt that is claimed, and return how it ended."""
        plan = attempt.plan
        if isinstance(plan, Impossible):
            return Refused(plan.failure)
        assert isinstance(plan, Reserved), "it is claimed"
        account, began = plan.account, self._clock()
        spare = attempt.lease_ends - began - account.timeout_seconds
        if spare < 0:
            # A call now could outlive the claim. Nothing was sent, whatever others made of it.
            plan.cancel()
            return Refused(Failure.of(FailureClass.TRANSIENT, "lease_ended"))
        span = begin_call(attempt)
        calls = self._calls_of(account)
        calls.under_way += 1
        try:
            with self._deadlines.within(attempt.lease_ends - began):
                # Files may take what the claim has beyond the call, which then has all its own
                # time: neither do they make it unknown, nor does it look slow by them.
                content = await account.content(attempt.work, spare)
                began = self._clock()
                result: SendResult = content
                if not isinstance(content, Refused):
                    result = await account.call(
                        attempt.work, content, egress=plan.egress, probe=plan.probe is not None
                    )
                result = without_echoes(result, attempt.work, account.credentials.values())
        except Exception as error:  # noqa: BLE001  an adapter's bug: nobody knows how far it got
            self._complain(attempt, error)
            result = Uncertain("adapter_error")
        finally:
            calls.under_way -= 1
        if span is not None:
            end_call(span, result, RESULTS[type(result)])
        now = self._clock()
        calls.count(result, now - began)
        was_down = account.breaker.down
        if self._learn(plan, result, began, now):
            await self._tell(plan, was_down)
        if self._ended is not None:
            self._ended.set()
            self._ended = None
        return result

    def _complain(self, attempt: Attempt, error: Exception) -> None:
        _log.error(
            "adapter.failed",
            error=type(error).__name__,
            where=where(error),
            account=attempt.account,
            **attempt.names,
        )

    def _calls_of(self, account: SendingAccount) -> AccountCalls:
        calls = self._calls.get(account.name)
        if calls is None:
            calls = AccountCalls(self._channel, account)
            self._calls[account.name] = calls
        return calls

    def _learn(self, plan: Reserved, result: SendResult, began: float, now: float) -> bool:
        """Take in what the call's end says of the account and its limits.

        Returns whether its breaker opened or closed.
        """
        breaker = plan.account.breaker
        is_slow = now - began > plan.account.timeout_seconds * SLOW_SHARE
        self._lessons.note(
            plan.budgets, result, began=began, is_probe=plan.token.probe, is_slow=is_slow
        )
        verdict, code = verdict_of(result, by_egress=plan.egress is not None)
        before = breaker.changes
        if plan.probe is None:
            breaker.note(verdict, code, began=began, now=now)
        elif verdict in _SAYS_NOTHING:
            breaker.grant_probe(plan.probe)
        else:
            breaker.note_probe(verdict, code, now)
        return breaker.changes != before

    async def _tell(self, plan: Reserved, was_down: Down | None) -> None:
        """Tell of a breaker that the call's end opened or closed."""
        is_up = plan.account.breaker.down is None
        if was_down is not None and is_up and was_down.trouble is not Trouble.AUTH:
            await self._lessons.reopen(plan.budgets[0])  # before all workers call at once
        self._changed()


_SAYS_NOTHING = frozenset({Verdict.NOTHING, Verdict.NO_WAY})

_VERDICTS: dict[FailureClass, Verdict] = {
    FailureClass.AUTH: Verdict.AUTH,
    FailureClass.TRANSIENT: Verdict.ERROR,
}


def verdict_of(result: SendResult, *, by_egress: bool = False) -> tuple[Verdict, str]:
    """Return what a call's end says of its account, and the code that says so.

    `by_egress`: no connection lies in the member that it went by, and is noted there.
    """
    match result:
        case Accepted():
            return Verdict.GOOD, ""
        case NotSent(code=code, no_connection=no_connection, of_us=of_us):
            says_nothing = of_us or (no_connection and by_egress)
            return Verdict.NO_WAY if says_nothing else Verdict.UNSENT, code
        case Uncertain(code=code):
            return Verdict.ERROR, code
        case Refused(failure=failure, of_message=of_message):
            if of_message:
                return Verdict.NOTHING, failure.code
            return _VERDICTS.get(failure.failure_class, Verdict.GOOD), failure.code
