"""A message's progress, from events in any order."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from herald.client.progress import ProgressByMessage, Until
from herald.contracts.events import MessageData
from herald.contracts.vocabulary import MessageStatus, Outcome

AT = datetime(2026, 3, 2, tzinfo=UTC)


def event(sequence: int, status: MessageStatus, outcome: Outcome | None = None) -> MessageData:
    values: dict[str, Any] = {"terminal": outcome is not None, "late": False}
    return MessageData(
        message_id="m",
        tenant="default",
        status=status,
        outcome=outcome,
        sequence=sequence,
        occurred_at=AT,
        received_at=AT,
        idempotency_key="k",
        **values,
    )


STORY = (
    event(1, MessageStatus.SENT),
    event(2, MessageStatus.DELIVERED, Outcome.SUCCEEDED),
    event(3, MessageStatus.READ, Outcome.SUCCEEDED),
)


@pytest.mark.parametrize("order", list(permutations(STORY)))
def test_order_does_not_matter(order: tuple[MessageData, ...]) -> None:
    """However events come, and again, the newest wins and nothing falls back."""
    known = ProgressByMessage()
    for data in (*order, *order):
        progress = known.note_event(data)
    assert (progress.status, progress.outcome) == (MessageStatus.READ, Outcome.SUCCEEDED)
    assert progress.event == STORY[-1]


def test_an_answer_is_no_step_back() -> None:
    """What an answer says of a message's state never lowers what events reported."""
    known = ProgressByMessage()
    known.note_event(STORY[1])
    progress = known.note_state("m", MessageStatus.QUEUED, None)
    assert (progress.status, progress.outcome) == (MessageStatus.DELIVERED, Outcome.SUCCEEDED)


@pytest.mark.parametrize(
    ("status", "outcome", "until", "over"),
    [
        (MessageStatus.QUEUED, None, "sent", False),
        (MessageStatus.SENT, None, "sent", True),
        (MessageStatus.SENT, None, "outcome", False),
        (MessageStatus.SENT, Outcome.SUCCEEDED, "outcome", True),
        (MessageStatus.SENT, Outcome.SUCCEEDED, "delivered", False),  # it may still come
        (MessageStatus.QUEUED, Outcome.FAILED, "delivered", True),
        (MessageStatus.QUEUED, Outcome.CANCELLED, "read", True),
        (MessageStatus.READ, Outcome.SUCCEEDED, "delivered", True),
    ],
)
def test_waiting_ends_when_it_got_there_or_never_will(
    status: MessageStatus, outcome: Outcome | None, until: Until, over: bool
) -> None:
    """A message that failed, expired or was cancelled is waited for no more."""
    assert ProgressByMessage().note_state("m", status, outcome).reached(until) is over


def test_the_longest_untouched_is_forgotten() -> None:
    """Memory is bounded: a client may run for a year."""
    known = ProgressByMessage(limit=2)
    for name in ("a", "b", "a", "c"):
        known.note_state(name, MessageStatus.SENT, None)
    assert [known[name].status for name in "abc"] == [
        MessageStatus.SENT,
        MessageStatus.QUEUED,
        MessageStatus.SENT,
    ]
