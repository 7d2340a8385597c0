"""What a receipt leads to: news for the world, an end, or a clock that starts."""

from __future__ import annotations

from dataclasses import replace

from herald.contracts.vocabulary import Outcome, Status
from router.core.attempts import failure_of, told
from router.core.draft import Draft
from router.core.facts import ReceiptArrived
from router.core.fallback import RetryRules
from router.core.message import Attempt, Intent, Success
from router.core.returns import take_return
from router.core.states import ENDED, LIVE, OPEN, REACHED_ORDER, WITHDRAWABLE, target


def apply_report(draft: Draft, fact: ReceiptArrived, rules: RetryRules) -> None:
    attempt = draft.message.find(fact.attempt)
    if attempt is None:
        draft.note("refused: no such attempt")
    elif fact.receipt.status is Status.RETURNED:
        take_return(draft, attempt, fact, rules)
    else:
        _told(draft, attempt, fact)


def _told(draft: Draft, before: Attempt, fact: ReceiptArrived) -> None:
    after = draft.change(before, **_changes(before, told(before, fact.receipt, draft.now)))
    draft.note(
        f"{before.status} -> {after.status}"
        if after.status is not before.status
        else f"{fact.receipt.status} does not raise {before.status}"
    )
    if after == draft.message.current and draft.message.outcome is None:
        _watch_for_silence(draft, before, after)
    _tell_what_ranks_hide(draft, before, after, fact)
    if after.reached is not before.reached:
        _news(draft, after, fact)
    elif after.receipts is not before.receipts:
        # only now it is known how far its provider ever tells: what is known may be all there is
        _end_if_enough(draft, after, fact)


def _tell_what_ranks_hide(
    draft: Draft, before: Attempt, after: Attempt, fact: ReceiptArrived
) -> None:
    """Tell a bounce, a complaint, an unsubscription and a deferral: the first of each attempt.

    Also the failure of an attempt that had counted as a success; before the outcome a failure is
    told by what it leads to.
    """
    receipt = fact.receipt
    if after.flags != before.flags and before.status is not receipt.status:
        # else it was told by a router that kept no flag of bounces
        failure = failure_of(receipt) or receipt.failure
        draft.emit(receipt.status, attempt=after, receipt=receipt, failure=failure)
    failed = after.status is Status.FAILED and before.status is not Status.FAILED
    if failed and _had_succeeded(draft, after):
        draft.emit("failed", attempt=after, receipt=receipt, failure=after.failure)


def _had_succeeded(draft: Draft, attempt: Attempt) -> bool:
    wanted, _ = target(draft.message.step(attempt).success_on, attempt.receipts)
    ended = draft.message.outcome is Outcome.SUCCEEDED
    return ended and REACHED_ORDER[attempt.reached] >= REACHED_ORDER[wanted]


def _changes(before: Attempt, after: Attempt) -> dict[str, object]:
    return {
        name: getattr(after, name)
        for name in Attempt.__slots__
        if getattr(after, name) != getattr(before, name)
    }


def _watch_for_silence(draft: Draft, before: Attempt, after: Attempt) -> None:
    """Start the clock of `fallback_after` at the first proof that the call was made."""
    message = draft.message
    if after.status not in LIVE:
        draft.update(start_by=None)
    if after.status is not before.status:
        draft.update(retry_at=None)  # overtaken: a planned try, or the hour of returned work
    last = message.is_last_step(after) and after.status is not Status.UNKNOWN
    if after.status in ENDED or message.state.stopped or last:
        draft.update(fallback_at=None)
    elif before.accepted_at is None and after.accepted_at is not None:
        draft.update(fallback_at=after.accepted_at + message.step(after).fallback_after)


def _news(draft: Draft, attempt: Attempt, fact: ReceiptArrived) -> None:
    """Tell how far the attempt got, and end the message when that is far enough."""
    if REACHED_ORDER[attempt.reached] > REACHED_ORDER[draft.message.status]:
        draft.message = replace(draft.message, status=attempt.reached)
    if not _end_if_enough(draft, attempt, fact):
        draft.emit(attempt.reached, attempt=attempt, receipt=fact.receipt)


def _end_if_enough(draft: Draft, attempt: Attempt, fact: ReceiptArrived) -> bool:
    """End the message if the attempt got far enough, at once or when a withdraw is answered."""
    message = draft.message
    wanted, _ = target(message.step(attempt).success_on, attempt.receipts)
    if message.outcome is not None or REACHED_ORDER[attempt.reached] < REACHED_ORDER[wanted]:
        return False
    success = Success(fact=fact, reached=attempt.reached)
    live, pending = message.live, message.pending
    if pending is not None and pending.success is not None:
        return False  # another success ends it already
    if pending is not None:
        draft.message = replace(message, pending=replace(pending, success=success))
    elif live is not None and live.status in WITHDRAWABLE:
        draft.withdraw(Intent.SUCCESS, live, success=success)
    else:
        succeed(draft, attempt, success)
    return True


def succeed(draft: Draft, attempt: Attempt, success: Success) -> None:
    """End the message with the news of `attempt`."""
    current = draft.message.current
    _, confirmed = target(draft.message.step(attempt).success_on, attempt.receipts)
    draft.emit(
        success.reached,
        attempt=attempt,
        receipt=success.fact.receipt,
        outcome=Outcome.SUCCEEDED,
        confirmed=confirmed,
        overlap=current is not None and current != attempt and current.status in OPEN,
    )
