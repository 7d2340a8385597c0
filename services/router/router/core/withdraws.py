"""Withdraws: asked for, and what their answers lead to."""

from __future__ import annotations

from msgspec.structs import replace

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import CommandAnswer, FailureClass, Status
from router.core.cancels import conclude_cancels
from router.core.deadlines import recheck_at
from router.core.draft import Draft
from router.core.facts import DeadLettered, WithdrawAnswered
from router.core.message import Attempt, Intent, Success
from router.core.receipts import succeed
from router.core.states import LIVE, WITHDRAWABLE, raises_rank
from router.core.timers import end_expired


def take_back_dead_letter(draft: Draft, fact: DeadLettered) -> None:
    attempt = draft.message.find(fact.attempt)
    dead = attempt is not None and attempt.dispatch == fact.dispatch
    if attempt is None or not dead or attempt.status not in WITHDRAWABLE:
        draft.note("refused: this dispatch is over")
    elif draft.message.outcome is None and draft.message.pending is None:
        draft.ask_withdraw(Intent.DEAD_LETTERED, attempt)


def conclude_withdraw(draft: Draft, fact: WithdrawAnswered) -> None:
    """Record who was first, then do what the withdraw was asked for."""
    pending, attempt = draft.message.pending, draft.message.find(fact.attempt)
    if pending is None or attempt is None:
        draft.note("refused: nothing was asked")
        return
    draft.message = replace(draft.message, pending=None)
    draft.cause = pending.cause
    draft.key = f"withdraw:{fact.attempt}/{pending.intent}/{'won' if fact.won else 'lost'}"
    first = Status.WITHDRAWN if fact.won else Status.STARTED
    if raises_rank(attempt.status, first):
        kept = attempt.failure if fact.won else None  # what it was given back for is over
        attempt = draft.update_attempt(
            attempt, status=first, lease_until=fact.lease_until, failure=kept
        )
        draft.update_state(retry_at=None)  # the hour its work was returned for, if any
    draft.note(f"withdraw {'won' if fact.won else 'lost'}: {pending.intent}")
    if pending.success is not None:
        _conclude_success(draft, pending.success)
        for context in pending.cancels:
            draft.answer_command(CommandAnswer.TOO_LATE, context, "already succeeded")
    elif pending.cancels:
        conclude_cancels(draft, pending.cancels)
    else:
        _conclude(draft, pending.intent, attempt)


def _conclude_success(draft: Draft, success: Success) -> None:
    winner = draft.message.find(success.fact.attempt)
    if winner is not None:
        succeed(draft, winner, success)


def _conclude(draft: Draft, intent: Intent, attempt: Attempt) -> None:
    still_live = attempt.status in LIVE
    again_at = recheck_at(attempt.lease_until, draft.now)
    if intent is Intent.EXPIRY and not still_live:
        end_expired(draft)
    elif intent is Intent.EXPIRY:
        draft.update_state(expire_at=again_at)
    elif intent is Intent.NOT_STARTED and still_live:
        draft.update_state(start_by=again_at)
    elif intent is Intent.DEAD_LETTERED and attempt.status is Status.WITHDRAWN:
        failure = Failure.of(FailureClass.PERMANENT, "dead_lettered", "the broker gave it up")
        draft.update_attempt(attempt, status=Status.FAILED, failure=failure)
