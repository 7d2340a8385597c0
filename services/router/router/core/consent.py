"""Who may be written to: what receipts say of it, and which suppressions stop a message. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from uuid import UUID

from msgspec import Struct

from herald.config.consent import Consent
from herald.contracts.failures import Failure
from herald.contracts.identifiers import AttemptId
from herald.contracts.masking import all_address_hashes
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.vocabulary import Category, FailureClass, Status, SuppressionReason
from router.core.clearance import Refusal
from router.core.message import Attempt

EVERY = ""  # channel or category
OPTED_OUT = FailureClass.OPTED_OUT.value  # the word for a step left out, and the failure's code
LINK = "unsubscribe_link"  # the source of what a mail's own link unsubscribed
ADDRESS_GONE = "address_gone"  # likewise, where nobody would get it

# What a recipient who asks for messages again takes back, by how they had asked for none.
LIFTED_BY_START = (SuppressionReason.STOP, SuppressionReason.OPTED_OUT)
LIFTED_BY_RESUME = (SuppressionReason.PREFERENCE, SuppressionReason.OPTED_OUT)

_FLAGS = {
    Status.COMPLAINED: SuppressionReason.COMPLAINT,
    Status.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
}


class Suppression(Struct, frozen=True, kw_only=True):
    """One reason for which an address gets no messages."""

    channel: str  # or EVERY
    category: str  # or EVERY: those that the reason stops
    reason: SuppressionReason


class ConsentChange(Struct, frozen=True, kw_only=True):
    """A suppression to be recorded, or lifted."""

    kind: Literal["suppressed", "unsuppressed"]
    tenant: str
    address_hash: int
    address: str | None  # None: it is known by its hash alone
    channel: str = EVERY
    category: str = EVERY
    # a suppression's; of what is lifted, the only ones that are: none named, all
    reasons: tuple[SuppressionReason, ...] = ()
    source: str  # the account that it came by, or the routing key of its command
    provider: str | None = None
    cause: str  # the command's or the fact's own key
    user: str | None = None
    message_id: UUID | None = None
    hashed_with: bytes | None = None  # names the hash's key; None: this process's


class ConsentChanged(Struct, frozen=True, kw_only=True):
    """A suppression that is new, or was lifted, and what did it."""

    change: ConsentChange
    suppression: Suppression


class Finding(Struct, frozen=True, kw_only=True):
    """What a receipt says of its recipient's consent or address."""

    reason: SuppressionReason
    category: Category | None = None  # None: those that the reason stops


def hashes_for(kind: Literal["suppressed", "unsuppressed"], address: str) -> tuple[int, ...]:
    """Hash an address to be recorded, under the key of now; or to be lifted, under every key."""
    hashes = all_address_hashes(address)
    return hashes[:1] if kind == "suppressed" else hashes


def changes_by_links(receipts: Iterable[AttemptReceipt]) -> list[ConsentChange]:
    """Return what mails' links unsubscribe, whether or not their messages are still there."""
    return [
        ConsentChange(
            kind="suppressed",
            tenant=recipient.tenant,
            address_hash=recipient.address_hash,
            address=None,
            channel=receipt.channel,
            reasons=(SuppressionReason.UNSUBSCRIBED,),
            source=LINK,
            cause=f"receipt:{receipt.receipt_id}",
            message_id=attempt.message_id if attempt is not None else None,
            hashed_with=bytes.fromhex(recipient.hashed_with),
        )
        for receipt in receipts
        if (recipient := receipt.recipient) is not None
        for attempt in [AttemptId.parse(receipt.attempt_id or "")]
    ]


def finding_of(before: Attempt, after: Attempt, receipt: AttemptReceipt) -> Finding | None:
    """Return what a receipt says of the recipient that was not known; None: nothing.

    A soft bounce says nothing, nor a failure of ours or of the provider's.
    """
    news = set(after.flags) - set(before.flags)
    for status, reason in _FLAGS.items():
        if status in news:
            return Finding(reason=reason)
    failure, has_failed = receipt.failure, after.status is not before.status
    if failure is None or not (has_failed or Status.BOUNCED in news):
        return None
    if failure.address_gone and receipt.status in {Status.BOUNCED, Status.FAILED}:
        return Finding(reason=SuppressionReason.HARD_BOUNCE)
    if failure.failure_class is FailureClass.OPTED_OUT:
        return Finding(reason=SuppressionReason.OPTED_OUT, category=failure.opted_out_of)
    return None


def blocking(
    found: Iterable[Suppression], channel: str, category: Category, consent: Consent
) -> Suppression | None:
    """Return what stops a message of a category on a channel; None: it may go."""
    for one in found:
        if one.channel not in {EVERY, channel}:
            continue
        if one.category == category or (
            one.category == EVERY and category in consent.stopped_by(one.reason)
        ):
            return one
    return None


def refusal_of(stopping: Suppression) -> Refusal:
    """Return why a step is left out, and the failure of a message that has no other."""
    if stopping.reason is SuppressionReason.HARD_BOUNCE:
        failure = Failure.of(FailureClass.UNREACHABLE, ADDRESS_GONE, "the address is suppressed")
        return Refusal(ADDRESS_GONE, failure)
    text = f"the recipient is suppressed: {stopping.reason}"
    return Refusal(OPTED_OUT, Failure.of(FailureClass.OPTED_OUT, OPTED_OUT, text))
