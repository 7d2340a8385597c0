"""Work that its worker gave back without a call: handed out again later, or the next step now.

No provider has it, so the attempt stays the same one and no try is used up. That holds for a call
that the provider throttled, too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from herald.config.file import RetryRules
from herald.contracts.failures import Failure
from herald.contracts.receipts import Return
from herald.contracts.vocabulary import FailureClass, Status
from router.core.draft import Draft
from router.core.facts import ReceiptArrived
from router.core.fallback import return_pause, start_deadline
from router.core.message import Attempt, Intent
from router.core.states import LIVE

# What a worker expects may be wrong: a limit is lifted, or another worker has a way there.
LONGEST_WAIT = timedelta(minutes=2)
LONGEST_GRANTED_WAIT = timedelta(minutes=15)  # it has a place in a queue: earlier is no use
TOO_LATE = "too_late"  # the worker found the message past its end
_NO_REASON = "no_reason"
_FAILURE_CLASSES = {"rate_limit": FailureClass.RATE_LIMITED}  # by reason; all others pass, too


def process_return(draft: Draft, attempt: Attempt, fact: ReceiptArrived, rules: RetryRules) -> None:
    """Plan when work that came back is handed out again, or take it back for the next step."""
    message, returned = draft.message, fact.receipt.returned or Return(reason=_NO_REASON)
    stale = attempt.status not in LIVE or fact.receipt.dispatch != attempt.dispatch
    if stale or message.outcome is not None or message.pending is not None:
        draft.note("refused: this dispatch is over")
        return
    said = fact.receipt.failure
    draft.note(f"returned: {returned.reason}" + (f" ({said.code})" if said is not None else ""))
    if attempt.status is Status.STARTED:
        _ask_back(draft, attempt)
    elif message.state.retry_at is None:  # else it is a repeat
        _wait_or_move_on(draft, attempt, fact, rules)


def _wait_or_move_on(
    draft: Draft, attempt: Attempt, fact: ReceiptArrived, rules: RetryRules
) -> None:
    returned = fact.receipt.returned or Return(reason=_NO_REASON)
    wait = _asked_wait(returned, draft.now)
    if wait is None and returned.reason == TOO_LATE:
        return  # the end of the message is about to come
    attempt = draft.update_attempt(attempt, failure=_failure(fact, returned), grant=returned.grant)
    longest = LONGEST_WAIT if returned.grant is None else LONGEST_GRANTED_WAIT
    pause = return_pause(draft.message, attempt, rules) if wait is None else min(wait, longest)
    if _can_start(draft, attempt, draft.now + (pause if wait is None else wait)):
        draft.update_state(retry_at=draft.now + pause)
    else:
        draft.ask_withdraw(Intent.NOT_STARTED, attempt)


def _ask_back(draft: Draft, attempt: Attempt) -> None:
    """Ask again for an attempt that a worker had first, for its worker may have let it go."""
    over = draft.now >= draft.message.plan.expires_at
    draft.ask_withdraw(Intent.EXPIRY if over else Intent.NOT_STARTED, attempt)


def _asked_wait(returned: Return, now: datetime) -> timedelta | None:
    """Return how long the worker asked to wait; None when it left that to the router."""
    if returned.wait is not None:
        return returned.wait
    if returned.not_before is None:
        return None
    # by the worker's clock, which may be wrong by any time
    return min(max(returned.not_before - now, timedelta(0)), LONGEST_WAIT)


def _failure(fact: ReceiptArrived, returned: Return) -> Failure:
    """Say why the attempt waits; if it is taken back, this is why the next step is tried."""
    said = fact.receipt.failure
    if said is not None:
        return Failure.of(said.failure_class, said.code, "nothing was sent")
    failure_class = _FAILURE_CLASSES.get(returned.reason, FailureClass.TRANSIENT)
    return Failure.of(failure_class, returned.reason, "nothing was sent")


def _can_start(draft: Draft, attempt: Attempt, at: datetime) -> bool:
    """Whether work handed out at `at` can start before the end of its step and message.

    On the last step it waits in any case. A start deadline that has passed already is left to the
    clock, which knows whether silence may be judged.
    """
    if draft.message.is_last_step(attempt):
        return True
    start_by = start_deadline(draft.message, attempt.step, draft.now)
    missed = start_by is not None and draft.now < start_by <= at
    return at < draft.message.plan.expires_at and not missed
