"""What a deadline that passed leads to."""

from __future__ import annotations

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Outcome, Status
from router.core.deadlines import passed
from router.core.draft import Draft
from router.core.facts import Due
from router.core.fallback import after_step, start_deadline
from router.core.message import Attempt, Intent
from router.core.moves import make
from router.core.states import ENDED, LIVE, WITHDRAWABLE


def act_on_deadline(draft: Draft, fact: Due) -> None:
    """Act on the one deadline that comes first; the others are looked at again right after."""
    state, current = draft.message.state, draft.message.current
    if draft.message.pending is not None:
        return  # its answer comes first
    named = draft.message.attempt_id(current) if current is not None else "start"
    if passed(state.expire_at, draft.now):
        draft.cause = f"timer:expiry:{named}"
        _expire(draft)
    elif passed(state.send_at, draft.now):
        draft.cause = "timer:send_at"
        draft.update(send_at=None)
    elif passed(state.retry_at, draft.now) and current is not None:
        draft.cause = f"timer:retry:{named}/{current.dispatch}"
        _again(draft, current, fact)
    elif passed(state.start_by, fact.silence_until) and current is not None:
        draft.cause = f"timer:start_within:{named}"
        _not_started(draft, current)
    elif passed(state.fallback_at, fact.silence_until) and current is not None:
        draft.cause = f"timer:fallback:{named}"
        _silent(draft, current)


def _again(draft: Draft, current: Attempt, fact: Due) -> None:
    """Hand returned work out again, or make the next try, unless it could not start in time.

    What an outage made late may start late.
    """
    draft.update(retry_at=None)
    start_by = start_deadline(draft.message, current.step, draft.now)
    if passed(start_by, fact.silence_until):
        draft.note("missed: start_within is over")
    elif current.status in LIVE:
        draft.dispatch_again(current)
    else:
        draft.start(current.step)


def _expire(draft: Draft) -> None:
    live = draft.message.live
    if live is not None:
        draft.withdraw(Intent.EXPIRY, live)
    else:
        draft.key = f"{draft.cause}/end"  # the first ask, if any, has the key without it
        end_expired(draft)


def end_expired(draft: Draft) -> None:
    outcome = Outcome.CANCELLED if draft.message.state.stopped else Outcome.EXPIRED
    draft.emit(outcome.value, attempt=draft.message.current, outcome=outcome)


def _not_started(draft: Draft, current: Attempt) -> None:
    """Take back what no worker started; on the last step it waits for the message's end."""
    waits = draft.message.is_last_step(current) and current.status in WITHDRAWABLE
    if current.status in LIVE and not waits:
        draft.withdraw(Intent.NOT_STARTED, current)
    else:
        draft.update(start_by=None)


def _silent(draft: Draft, current: Attempt) -> None:
    draft.update(fallback_at=None)
    if current.status in ENDED:
        return
    unknown = current.status is Status.UNKNOWN
    reason = "unknown" if unknown else "silence"
    failure = Failure.of(FailureClass.AMBIGUOUS, reason, "no news within fallback_after")
    make(draft, current, after_step(draft.message, current, reason=reason, failure=failure))
