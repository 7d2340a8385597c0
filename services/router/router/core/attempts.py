"""What a receipt does to its attempt. Any order and repetition of receipts ends in the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from herald.failures import Failure
from herald.receipts import AttemptReceipt
from herald.vocabulary import FailureClass, Receipts, Status
from router.core.message import Attempt
from router.core.states import FLAGS, RANKS, REACHES, further, raises_rank


def told(attempt: Attempt, receipt: AttemptReceipt, now: datetime) -> Attempt:
    """Return the attempt as it stands after the receipt."""
    if receipt.status in FLAGS:
        flags = tuple(sorted({*attempt.flags, receipt.status}))
        return replace(_named(attempt, receipt), flags=flags)
    status = _proved(receipt)
    if status not in RANKS:
        return attempt
    changed = _named(attempt, receipt)
    reached = REACHES.get(status)
    if reached is not None:
        changed = replace(changed, reached=further(changed.reached, reached))
    if changed.accepted_at is None and _proves_the_call(status):
        changed = replace(changed, accepted_at=now)
    if raises_rank(attempt.status, status):
        changed = replace(changed, status=status, failure=_failure(status, receipt))
    return changed


def _proved(receipt: AttemptReceipt) -> Status:
    """Return what the receipt proves: where no later news comes, an acceptance counts as sent."""
    if receipt.status is Status.ACCEPTED and receipt.receipts is Receipts.NONE:
        return Status.SENT
    return receipt.status


def _proves_the_call(status: Status) -> bool:
    return RANKS[status] >= RANKS[Status.UNKNOWN] and status not in {
        Status.WITHDRAWN,
        Status.FAILED,
    }


def _named(attempt: Attempt, receipt: AttemptReceipt) -> Attempt:
    """Fill in who handled it, as soon as anyone says."""
    return replace(
        attempt,
        provider=attempt.provider or receipt.provider,
        account=attempt.account or receipt.account,
        reference=attempt.reference or (receipt.references[0] if receipt.references else None),
        receipts=attempt.receipts or receipt.receipts,
    )


def _failure(status: Status, receipt: AttemptReceipt) -> Failure | None:
    if status is Status.FAILED:
        return receipt.failure or Failure.of(FailureClass.PERMANENT)
    if status is Status.BOUNCED:
        return receipt.failure or Failure.of(FailureClass.UNREACHABLE)
    return None
