"""The router's answers to commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from herald.client.errors import RejectedError
from herald.contracts.events import CommandData, family_and_what
from herald.contracts.vocabulary import CommandAnswer, MessageStatus, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a command that was not rejected."""

    answer: CommandAnswer
    message_id: str
    idempotency_key: str | None
    status: MessageStatus | None
    outcome: Outcome | None
    reason: str | None  # with too_late
    channels: Sequence[str]  # with accepted: those that may be tried, in order
    expires_at: datetime | None
    erasure_id: str | None  # of an erasure


def answer_from(event_type: str, data: CommandData) -> Answer:
    """Read an answer.

    Raises:
        RejectedError: the command was refused.
    """
    answer = CommandAnswer(family_and_what(event_type)[1])
    if answer is CommandAnswer.REJECTED:
        raise RejectedError(
            [(data.field or "", data.reason or "rejected")], message_id=data.message_id
        )
    return Answer(
        answer=answer,
        message_id=data.message_id or "",
        idempotency_key=data.idempotency_key,
        status=data.status,
        outcome=data.outcome,
        reason=data.reason,
        channels=tuple(data.channels or ()),
        expires_at=data.expires_at,
        erasure_id=data.erasure_id,
    )
