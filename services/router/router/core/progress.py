"""How far attempts got, for those who measure: accepted by a provider, and with the recipient."""

from __future__ import annotations

from datetime import datetime

from herald.contracts.vocabulary import MessageStatus, Receipts, Status, SuccessOn
from router.core.message import Attempt, Message
from router.core.states import RANKS, REACHED_ORDER, WITHDRAWABLE, target

_PROVE_ACCEPTANCE = frozenset(RANKS) - {
    Status.CREATED,
    Status.DISPATCHED,
    Status.STARTED,
    Status.UNKNOWN,
    Status.WITHDRAWN,
    Status.FAILED,
}
_DELIVERED = REACHED_ORDER[MessageStatus.DELIVERED]
# by what a provider reports at most: how far an attempt must be for the recipient to have it
_WITH_RECIPIENT = {
    receipts: REACHED_ORDER[target(SuccessOn.DELIVERED, receipts)[0]]
    for receipts in (None, *Receipts)
}


def begins_at(message: Message) -> datetime:
    """Return from when on a message's time counts: its acceptance, or the hour it was kept for."""
    return message.plan.send_at or message.created_at


def is_accepted(attempt: Attempt) -> bool:
    """Whether its provider took it; one that failed later has the provider's id."""
    if attempt.status is Status.FAILED:
        return attempt.reference is not None
    return attempt.status in _PROVE_ACCEPTANCE


def is_delivered(attempt: Attempt) -> bool:
    """Whether its provider reported that the recipient has it."""
    return REACHED_ORDER[attempt.reached] >= _DELIVERED


def has_reached_recipient(attempt: Attempt) -> bool:
    """Whether the recipient has it, as far as its provider ever reports that."""
    return REACHED_ORDER[attempt.reached] >= _WITH_RECIPIENT[attempt.receipts]


def waiting_attempt(message: Message) -> Attempt | None:
    """Return the attempt whose work is dispatched and of which no worker has reported."""
    current = message.current
    if message.outcome is not None or current is None or current.status not in WITHDRAWABLE:
        return None
    return current


def unknown_channels(message: Message) -> list[str]:
    """Return the channels of attempts, of a message under way, whose results are unknown."""
    if message.outcome is not None:
        return []
    return [it.channel for it in message.state.attempts if it.status is Status.UNKNOWN]
