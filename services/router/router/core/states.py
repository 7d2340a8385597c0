"""The state machine's tables: ranks, what a status proves, and which class leads to which action.

Everything that orders statuses lives here. A rank never falls; `reached` is kept beside it, so a
fact that does not raise the rank (a read after a bounce) still counts.
"""

from __future__ import annotations

from enum import Enum

from herald.contracts.vocabulary import FailureClass, MessageStatus, Receipts, Status, SuccessOn

RANKS: dict[Status, int] = {
    Status.CREATED: 0,
    Status.DISPATCHED: 10,
    Status.STARTED: 20,  # learned only from a lost withdraw
    Status.UNKNOWN: 25,
    Status.ACCEPTED: 30,
    Status.SENT: 40,
    Status.WITHDRAWN: 45,  # above sent: no call was made, so no lower news can follow
    Status.FAILED: 50,
    Status.DELIVERED: 60,  # above failed: parts of one SMS may give both
    Status.BOUNCED: 65,  # above delivered: a mailbox may take a mail and send it back
    Status.READ: 70,
    Status.CLICKED: 80,
}

# Not ranked: they say something beside how far the attempt got.
FLAGS = frozenset({Status.DEFERRED, Status.COMPLAINED, Status.UNSUBSCRIBED})
# Kept beside the rank, so that the first of each is an event whatever the rank is by then: a
# mailbox may send back a mail that something had opened.
REMEMBERED = FLAGS | {Status.BOUNCED}

# What each status proves about the message, if anything.
REACHES: dict[Status, MessageStatus] = {
    Status.SENT: MessageStatus.SENT,
    Status.DELIVERED: MessageStatus.DELIVERED,
    Status.READ: MessageStatus.READ,
    Status.CLICKED: MessageStatus.CLICKED,
}

REACHED_ORDER: dict[MessageStatus, int] = {
    status: order for order, status in enumerate(MessageStatus)
}

_WANTED = {success_on: MessageStatus(success_on.value) for success_on in SuccessOn}
# The furthest a provider ever reports, as a message status.
_LAST_REPORTED: dict[Receipts, MessageStatus] = {
    Receipts.NONE: MessageStatus.SENT,  # its acceptance counts as sent
    Receipts.SENT: MessageStatus.SENT,
    Receipts.DELIVERED: MessageStatus.DELIVERED,
    Receipts.READ: MessageStatus.READ,
}

# The router may take it back: no worker is known to have claimed it.
WITHDRAWABLE = frozenset({Status.CREATED, Status.DISPATCHED})
# A worker has it or may have it: no other attempt may be made beside it.
LIVE = WITHDRAWABLE | {Status.STARTED}
# The provider has it or may have it: it can still succeed.
OPEN = frozenset({Status.STARTED, Status.UNKNOWN, Status.ACCEPTED, Status.SENT, Status.DELIVERED})
# Its step is over without success.
ENDED = frozenset({Status.FAILED, Status.BOUNCED, Status.WITHDRAWN})


class Action(Enum):
    """What a failure leads to."""

    RETRY = "the same step again, after a pause"
    OTHER_ACCOUNT = "the same step at once, avoiding the account"
    NEXT_STEP = "the next step, where `fallback_on` lists the class"


ACTIONS: dict[FailureClass, Action] = {
    FailureClass.UNREACHABLE: Action.NEXT_STEP,
    FailureClass.CONTENT: Action.NEXT_STEP,
    FailureClass.PERMANENT: Action.NEXT_STEP,
    FailureClass.TRANSIENT: Action.RETRY,
    FailureClass.RATE_LIMITED: Action.RETRY,
    FailureClass.AUTH: Action.OTHER_ACCOUNT,
    FailureClass.OPTED_OUT: Action.NEXT_STEP,
    FailureClass.AMBIGUOUS: Action.NEXT_STEP,  # never again on the channel where it may have gone
}

DEFAULT_FALLBACK_ON = frozenset(FailureClass) - {FailureClass.CONTENT, FailureClass.OPTED_OUT}


def raises_rank(current: Status, reported: Status) -> bool:
    """Whether `reported` moves an attempt that stands at `current`."""
    return reported in RANKS and RANKS[reported] > RANKS[current]


def further(first: MessageStatus, second: MessageStatus) -> MessageStatus:
    """Return whichever of two statuses got further."""
    return max(first, second, key=REACHED_ORDER.__getitem__)


def target(success_on: SuccessOn, receipts: Receipts | None) -> tuple[MessageStatus, bool]:
    """Return what a step must reach, capped at what its provider reports, and whether uncapped.

    Before the provider is known nothing is capped.
    """
    wanted = _WANTED[success_on]
    if receipts is None:
        return wanted, True
    possible = _LAST_REPORTED[receipts]
    if REACHED_ORDER[possible] < REACHED_ORDER[wanted]:
        return possible, False
    return wanted, receipts is not Receipts.NONE
