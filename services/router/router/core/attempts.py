"""What a receipt does to its attempt: receipts in any order, repeated or not, end in the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from herald.contracts.failures import Failure
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.vocabulary import FailureClass, Receipts, Status
from router.core.message import Attempt
from router.core.states import RANKS, REACHES, REMEMBERED, further, raises_rank


def apply_receipt(attempt: Attempt, receipt: AttemptReceipt, now: datetime) -> Attempt:
    """Return the attempt as it stands after the receipt."""
    status = _proven_status(receipt)
    if status not in RANKS and status not in REMEMBERED:
        return attempt
    changes = _of_provider(attempt, receipt)
    if status in REMEMBERED:
        changes["flags"] = tuple(sorted({*attempt.flags, status}))
    if status in RANKS:
        changes |= _of_rank(attempt, status, receipt, now)
    return replace(attempt, **changes)


def failure_of(receipt: AttemptReceipt) -> Failure | None:
    """Return why it failed, if the receipt reports that; without a reason it gets a class."""
    if receipt.status is Status.FAILED:
        return receipt.failure or Failure.of(FailureClass.PERMANENT)
    if receipt.status is Status.BOUNCED:
        return receipt.failure or Failure.of(FailureClass.UNREACHABLE)
    return None


def _proven_status(receipt: AttemptReceipt) -> Status:
    """Return what the receipt proves; an acceptance that nothing will follow counts as sent."""
    if receipt.status is Status.ACCEPTED and receipt.receipts is Receipts.NONE:
        return Status.SENT
    return receipt.status


def _proves_the_call(status: Status) -> bool:
    return RANKS[status] >= RANKS[Status.UNKNOWN] and status not in {
        Status.WITHDRAWN,
        Status.FAILED,
    }


def _of_rank(
    attempt: Attempt, status: Status, receipt: AttemptReceipt, now: datetime
) -> dict[str, Any]:
    """Say what changes with how far the attempt got."""
    changes: dict[str, Any] = {}
    reached = REACHES.get(status)
    if reached is not None:
        changes["reached"] = further(attempt.reached, reached)
    if attempt.accepted_at is None and _proves_the_call(status):
        changes["accepted_at"] = now
    if raises_rank(attempt.status, status):
        failure, is_outside = failure_of(receipt), receipt.outside_window or None
        changes |= {"status": status, "failure": failure, "outside_window": is_outside}
    return changes


def _of_provider(attempt: Attempt, receipt: AttemptReceipt) -> dict[str, Any]:
    """Fill in provider, account and reference from the first receipt that has them."""
    return {
        "provider": attempt.provider or receipt.provider or None,
        "account": attempt.account or receipt.account or None,
        "reference": attempt.reference or (receipt.references[0] if receipt.references else None),
        "receipts": attempt.receipts or receipt.receipts,
    }
