"""Which messages of a group go together in one. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.receipt_batches import batch_message, parts_of
from herald.bus.receipt_messages import ATTEMPT_TYPE
from herald.contracts.trace_context import TraceContext


def parts_of_messages(messages: Iterable[OutgoingMessage]) -> list[list[OutgoingMessage]]:
    """Part messages so that each part fits one message.

    Receipts of attempts go together. One that is traced goes by itself, for its span stands in its
    message's headers; so does everything else.
    """
    return parts_of(messages, lambda message: message.body, _address)


def message_of(part: Sequence[OutgoingMessage]) -> OutgoingMessage:
    """Return the message that brings a part: one alone goes as every router reads it."""
    first = part[0]
    if len(part) == 1:
        return first
    return batch_message(first.exchange, first.routing_key, [message.body for message in part])


def _address(message: OutgoingMessage) -> Hashable:
    if message.type != ATTEMPT_TYPE or _is_traced(message):
        return None
    return message.exchange, message.routing_key


def _is_traced(message: OutgoingMessage) -> bool:
    context = TraceContext.read(message.headers) if message.headers else None
    return context is not None and context.is_sampled  # else no span has it for its parent
