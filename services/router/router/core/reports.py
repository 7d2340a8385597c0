"""What a receipt leads to: news for the world, an end, a clock that starts, or work handed out."""

from __future__ import annotations

from dataclasses import replace

from herald.vocabulary import Outcome, Status
from router.core.attempts import told
from router.core.draft import Draft
from router.core.facts import Reported
from router.core.message import Attempt, Intent
from router.core.states import ENDED, LIVE, OPEN, REACHED_ORDER, WITHDRAWABLE, target


def apply_report(draft: Draft, fact: Reported) -> None:
    attempt = draft.message.find(fact.attempt)
    if attempt is None:
        draft.note("refused: no such attempt")
    elif fact.receipt.status is Status.RETURNED:
        _returned(draft, attempt, fact)
    else:
        _told(draft, attempt, fact)


def _told(draft: Draft, before: Attempt, fact: Reported) -> None:
    after = draft.change(before, **_changes(before, told(before, fact.receipt, draft.now)))
    draft.note(
        f"{before.status} -> {after.status}"
        if after.status is not before.status
        else f"{fact.receipt.status} does not raise {before.status}"
    )
    if after == draft.message.current and draft.message.outcome is None:
        _watch_for_silence(draft, before, after)
    if after.status is Status.BOUNCED and before.status is not Status.BOUNCED:
        draft.emit("bounced", attempt=after, receipt=fact.receipt, failure=after.failure)
    if after.reached is not before.reached:
        _news(draft, after, fact)


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
        if after.status not in ENDED:
            draft.update(retry_at=None)  # a failure was overtaken by better news
    last = message.is_last_step(after) and after.status is not Status.UNKNOWN
    if after.status in ENDED or message.state.stopped or last:
        draft.update(fallback_at=None)
    elif before.accepted_at is None and after.accepted_at is not None:
        draft.update(fallback_at=after.accepted_at + message.step(after).fallback_after)


def _news(draft: Draft, attempt: Attempt, fact: Reported) -> None:
    """Tell how far the attempt got, and end the message when that is far enough."""
    message = draft.message
    if REACHED_ORDER[attempt.reached] > REACHED_ORDER[message.status]:
        draft.message = message = replace(message, status=attempt.reached)
    wanted, confirmed = target(message.step(attempt).success_on, attempt.receipts)
    enough = REACHED_ORDER[attempt.reached] >= REACHED_ORDER[wanted]
    if not enough or message.outcome is not None:
        draft.emit(attempt.reached, attempt=attempt, receipt=fact.receipt)
    elif message.pending is not None:
        draft.message = replace(message, pending=replace(message.pending, success=fact))
    elif message.live is not None and message.live.status in WITHDRAWABLE:
        if message.live == attempt:
            succeed(draft, attempt, fact, confirmed=confirmed)
        else:
            draft.withdraw(Intent.SUCCESS, message.live, success=fact)
    else:
        succeed(draft, attempt, fact, confirmed=confirmed)


def succeed(draft: Draft, attempt: Attempt, fact: Reported, *, confirmed: bool) -> None:
    current = draft.message.current
    overlap = current is not None and current != attempt and current.status in OPEN
    draft.emit(
        attempt.reached,
        attempt=attempt,
        receipt=fact.receipt,
        outcome=Outcome.SUCCEEDED,
        confirmed=confirmed,
        overlap=overlap,
    )


def _returned(draft: Draft, attempt: Attempt, fact: Reported) -> None:
    """Hand the attempt out again when its worker asked for that; no call was made."""
    message, returned = draft.message, fact.receipt.returned
    stale = attempt.status not in WITHDRAWABLE or fact.receipt.dispatch != attempt.dispatch
    if stale or message.outcome is not None or message.pending is not None:
        draft.note("refused: this dispatch is over")
    elif returned is None or returned.not_before is None:
        # past its not_after: the deadline that set it is about to fire and decides
        draft.note(f"returned: {returned.reason if returned else 'no reason'}")
    else:
        draft.update(retry_at=max(returned.not_before, draft.now))
        draft.note(f"returned: {returned.reason}")
