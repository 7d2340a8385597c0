"""What a receipt leads to: events, the end of the message, or a deadline."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from herald.config.file import RetryRules
from herald.contracts.vocabulary import Outcome, Status
from router.core.attempts import apply_receipt, failure_of
from router.core.consent import finding_of
from router.core.draft import Draft
from router.core.facts import ReceiptArrived
from router.core.message import Attempt, Intent, Message, Success
from router.core.returns import process_return
from router.core.states import ENDED, LIVE, OPEN, REACHED_ORDER, WITHDRAWABLE, target


def process_receipt(draft: Draft, fact: ReceiptArrived, rules: RetryRules) -> None:
    attempt = draft.message.find(fact.attempt)
    if attempt is None:
        draft.note("refused: no such attempt")
    elif fact.receipt.status is Status.RETURNED:
        process_return(draft, attempt, fact, rules)
    else:
        _process_news(draft, attempt, fact)


def _process_news(draft: Draft, before: Attempt, fact: ReceiptArrived) -> None:
    after = apply_receipt(before, fact.receipt, draft.now)
    is_under_way = before is draft.message.current and draft.message.outcome is None
    timers = _timers(draft.message, before, after) if is_under_way else {}
    draft.message = draft.message.with_attempt(after, **timers)
    draft.note(
        f"{before.status} -> {after.status}"
        if after.status is not before.status
        else f"{fact.receipt.status} does not raise {before.status}"
    )
    _emit_flags(draft, before, after, fact)
    _note_consent(draft, before, after, fact)
    if after.reached is not before.reached:
        _emit_progress(draft, after, fact)
    elif after.receipts is not before.receipts:
        # only now it is known what its provider reports: what is known may be all there is
        _end_if_successful(draft, after, fact)


def _emit_flags(draft: Draft, before: Attempt, after: Attempt, fact: ReceiptArrived) -> None:
    """Emit the first bounce, complaint, unsubscription and deferral, whatever the rank.

    Also the failure of an attempt that had counted as a success; before the outcome, the event of
    what a failure leads to names it.
    """
    receipt = fact.receipt
    if after.flags != before.flags and before.status is not receipt.status:
        # else a router that kept no flag of bounces emitted it
        failure = failure_of(receipt) or receipt.failure
        draft.emit(receipt.status, attempt=after, receipt=receipt, failure=failure)
    failed = after.status is Status.FAILED and before.status is not Status.FAILED
    if failed and _had_succeeded(draft, after):
        draft.emit("failed", attempt=after, receipt=receipt, failure=after.failure)


def _note_consent(draft: Draft, before: Attempt, after: Attempt, fact: ReceiptArrived) -> None:
    """Record that the recipient wants no more, or that their address is gone."""
    finding = finding_of(before, after, fact.receipt)
    if finding is not None:
        draft.suppress(after, finding, fact.receipt)


def _had_succeeded(draft: Draft, attempt: Attempt) -> bool:
    wanted, _ = target(draft.message.step(attempt).success_on, attempt.receipts)
    ended = draft.message.outcome is Outcome.SUCCEEDED
    return ended and REACHED_ORDER[attempt.reached] >= REACHED_ORDER[wanted]


def _timers(message: Message, before: Attempt, after: Attempt) -> dict[str, datetime | None]:
    """Start `fallback_after` at the first proof of the call; end deadlines that are over."""
    timers: dict[str, datetime | None] = {}
    if after.status not in LIVE:
        timers["start_by"] = None
    if after.status is not before.status:
        timers["retry_at"] = None  # overtaken: a planned try, or the hour of returned work
    last = message.is_last_step(after) and after.status is not Status.UNKNOWN
    if after.status in ENDED or message.state.stopped or last:
        timers["fallback_at"] = None
    elif before.accepted_at is None and after.accepted_at is not None:
        timers["fallback_at"] = after.accepted_at + message.fallback_after(after)
    return timers


def _emit_progress(draft: Draft, attempt: Attempt, fact: ReceiptArrived) -> None:
    """Emit how far the attempt got; end the message when that is far enough."""
    if REACHED_ORDER[attempt.reached] > REACHED_ORDER[draft.message.status]:
        draft.message = replace(draft.message, status=attempt.reached)
    if not _end_if_successful(draft, attempt, fact):
        draft.emit(attempt.reached, attempt=attempt, receipt=fact.receipt)


def _end_if_successful(draft: Draft, attempt: Attempt, fact: ReceiptArrived) -> bool:
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
        draft.ask_withdraw(Intent.SUCCESS, live, success=success)
    else:
        succeed(draft, attempt, success)
    return True


def succeed(draft: Draft, attempt: Attempt, success: Success) -> None:
    """End the message with the success of `attempt`."""
    current = draft.message.current
    _, confirmed = target(draft.message.step(attempt).success_on, attempt.receipts)
    draft.emit(
        success.reached,
        attempt=attempt,
        receipt=success.fact.receipt,
        outcome=Outcome.SUCCEEDED,
        confirmed=confirmed,
        overlap=current is not None and current is not attempt and current.status in OPEN,
    )
