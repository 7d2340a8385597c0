"""What is told of erasures. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.events import COMPLETED, CommandData
from herald.contracts.identifiers import UNKNOWN_TENANT
from herald.contracts.vocabulary import CommandAnswer
from router.commands import ErasureRequest
from router.outgoing.messages import command_event


def erasure_answer(
    asked: ErasureRequest,
    answer: CommandAnswer,
    cause: str,
    correlation_id: str | None,
    now: datetime,
) -> OutgoingMessage:
    """Answer a command that asks for an erasure."""
    return command_event(answer, _data(asked), str(asked.id), cause, correlation_id, now)


def erased_event(
    asked: ErasureRequest, erased: Mapping[str, int], now: datetime
) -> OutgoingMessage:
    """Tell that an erasure is complete, and how much was erased by table."""
    data = _data(asked).model_copy(update={"erased": dict(erased)})
    return command_event(COMPLETED, data, str(asked.id), asked.cause, asked.correlation_id, now)


def _data(asked: ErasureRequest) -> CommandData:
    return CommandData(
        command=asked.routing_key, tenant=asked.tenant or UNKNOWN_TENANT, erasure_id=str(asked.id)
    )
