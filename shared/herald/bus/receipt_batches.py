"""Several receipts in one message: which go together, and that message. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from herald.bus.deliveries import Delivery
from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.identifiers import body_id
from herald.contracts.receipt_batches import MOST_BYTES, MOST_RECEIPTS

BATCH_TYPE = "herald.receipt.batch.v1"
_COUNT = "receipts"  # the header of a batch
_BRACKETS = 2
_COMMA = 1

T = TypeVar("T")


@dataclass(slots=True)
class _Part(Generic[T]):
    items: list[T] = field(default_factory=list)
    size: int = _BRACKETS


def parts_of(
    items: Iterable[T],
    body_of: Callable[[T], bytes],
    address_of: Callable[[T], Hashable],
) -> list[list[T]]:
    """Part what is to be published so that each part fits one message.

    Items of one address go together, in their order; one whose address is None goes alone.
    """
    parts: list[list[T]] = []
    last: dict[Hashable, _Part[T]] = {}
    for item in items:
        address, size = address_of(item), len(body_of(item)) + _COMMA
        part = None if address is None else last.get(address)
        if part is None or len(part.items) == MOST_RECEIPTS or part.size + size > MOST_BYTES:
            part = last[address] = _Part()
            parts.append(part.items)
        part.items.append(item)
        part.size += size
    return parts


def batch_message(exchange: str, routing_key: str, bodies: Sequence[bytes]) -> OutgoingMessage:
    """Put receipts of attempts, as they are written, into one message to the router."""
    body = b"[" + b",".join(bodies) + b"]"
    return OutgoingMessage(
        exchange=exchange,
        routing_key=routing_key,
        body=body,
        message_id=body_id(body),
        type=BATCH_TYPE,
        headers={_COUNT: len(bodies)},
    )


def receipts_in(delivery: Delivery) -> int:
    """Return how many receipts a delivery brings, by its header."""
    count = delivery.headers.get(_COUNT) if delivery.headers else None
    return min(max(1, count), MOST_RECEIPTS) if isinstance(count, int) else 1
