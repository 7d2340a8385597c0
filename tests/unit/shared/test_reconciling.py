"""Which attempts may have been made between a backup and the loss of the database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from herald.database.reconciling import doubts_of

MESSAGE = UUID(int=7)
LOST_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
STEPS = [{"channel": "whatsapp"}, {"channel": "sms"}]


def attempt(step: int, number: int, status: str) -> dict[str, Any]:
    return {"step": step, "number": number, "status": status}


@pytest.mark.parametrize(
    ("state", "handed_out", "possible"),
    [
        ({}, [], ["1.1", "2.1"]),
        ({"attempts": [attempt(1, 1, "dispatched")]}, ["1.1"], ["1.2", "2.1"]),
        ({"attempts": [attempt(1, 1, "created")]}, ["1.1"], ["1.2", "2.1"]),
        ({"attempts": [attempt(1, 1, "accepted")]}, [], ["1.2", "2.1"]),
        ({"attempts": [attempt(1, 1, "failed"), attempt(1, 2, "failed")]}, [], ["1.3", "2.1"]),
        ({"attempts": [attempt(1, 3, "dispatched")]}, ["1.3"], ["2.1"]),
        ({"attempts": [attempt(1, 1, "failed"), attempt(2, 1, "sent")]}, [], ["2.2"]),
        ({"attempts": [attempt(1, 1, "dispatched")], "stopped": True}, ["1.1"], []),
        ({"send_at": "2026-01-31T12:00:01Z"}, [], []),
        ({"send_at": "2026-01-31T12:59:59+01:00"}, [], ["1.1", "2.1"]),
        ({"attempts": [attempt(1, 1, "failed")], "retry_at": "2026-01-31T12:00:01Z"}, [], []),
    ],
)
def test_what_may_have_been_made(
    state: dict[str, Any], handed_out: list[str], possible: list[str]
) -> None:
    """The one handed out, another try of its step, and each later step; nothing that waits."""
    found = list(doubts_of(MESSAGE, STEPS, state, LOST_AT))
    assert [one.attempt_id for one in found if one.handed_out] == [
        f"{MESSAGE}.{name}" for name in handed_out
    ]
    assert [one.attempt_id for one in found if not one.handed_out] == [
        f"{MESSAGE}.{name}" for name in possible
    ]
    assert all(one.channel == STEPS[int(one.attempt_id[-3]) - 1]["channel"] for one in found)
