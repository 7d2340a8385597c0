"""What a passed deadline leads to."""

from __future__ import annotations

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Outcome, Status
from router.core.deadlines import passed
from router.core.draft import Draft
from router.core.effects import Timer
from router.core.facts import Due
from router.core.fallback import after_step, start_deadline
from router.core.hops import begin_step, end_wait, hand_out_again
from router.core.message import Attempt, Intent
from router.core.moves import carry_out
from router.core.states import ENDED, LIVE, WITHDRAWABLE


def act_on_deadline(draft: Draft, fact: Due) -> None:
    """Act on the one deadline that comes first; the others are looked at again right after."""
    state, current = draft.message.state, draft.message.current
    if draft.message.pending is not None or draft.message.asking is not None:
        return  # its answer comes first
    attempt = draft.message.attempt_id(current) if current is not None else "start"
    if passed(state.expire_at, draft.now):
        _fire(draft, Timer.EXPIRY, f":{attempt}")
        _expire(draft)
    elif passed(state.send_at, draft.now):
        _fire(draft, Timer.SEND_AT)
        draft.update_state(send_at=None)
    elif state.waiting is not None and passed(state.waiting.until, draft.now):
        _fire(draft, Timer.WAIT, f":{state.waiting.step}/{state.waiting.since.isoformat()}")
        end_wait(draft)
    elif passed(state.retry_at, draft.now) and current is not None:
        _fire(draft, Timer.RETRY, f":{attempt}/{current.dispatch}")
        _retry(draft, current, fact)
    elif passed(state.start_by, fact.silence_until) and current is not None:
        _fire(draft, Timer.START_WITHIN, f":{attempt}")
        _take_back_unstarted(draft, current)
    elif passed(state.fallback_at, fact.silence_until) and current is not None:
        _fire(draft, Timer.FALLBACK, f":{attempt}")
        _fall_back(draft, current)


def _fire(draft: Draft, timer: Timer, name: str = "") -> None:
    draft.timer, draft.cause = timer, f"timer:{timer}{name}"


def _retry(draft: Draft, current: Attempt, fact: Due) -> None:
    """Hand returned work out again, or make the next try, unless it could not start in time.

    What an outage made late may start late.
    """
    draft.update_state(retry_at=None)
    start_by = start_deadline(draft.message, current.step, draft.now)
    if passed(start_by, fact.silence_until):
        draft.note("missed: start_within is over")
    elif current.status in LIVE:
        hand_out_again(draft, current)
    else:
        begin_step(draft, current.step)


def _expire(draft: Draft) -> None:
    live = draft.message.live
    if live is not None:
        draft.ask_withdraw(Intent.EXPIRY, live)
    else:
        draft.key = f"{draft.cause}/end"  # the first ask, if any, has the key without it
        end_expired(draft)


def end_expired(draft: Draft) -> None:
    outcome = Outcome.CANCELLED if draft.message.state.stopped else Outcome.EXPIRED
    draft.emit(outcome.value, attempt=draft.message.current, outcome=outcome)


def _take_back_unstarted(draft: Draft, current: Attempt) -> None:
    """Take back what no worker started; on the last step it waits for the message's end."""
    waits = draft.message.is_last_step(current) and current.status in WITHDRAWABLE
    if current.status in LIVE and not waits:
        draft.ask_withdraw(Intent.NOT_STARTED, current)
    else:
        draft.update_state(start_by=None)


def _fall_back(draft: Draft, current: Attempt) -> None:
    draft.update_state(fallback_at=None)
    if current.status in ENDED:
        return
    unknown = current.status is Status.UNKNOWN
    reason = "unknown" if unknown else "silence"
    failure = Failure.of(FailureClass.AMBIGUOUS, reason, "no news within fallback_after")
    carry_out(draft, current, after_step(draft.message, current, reason=reason, failure=failure))
