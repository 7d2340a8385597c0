"""From deliveries to the receipts that they bring: one each, or several in a message. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from msgspec import Struct, field
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from herald.bus.deliveries import Delivery
from herald.contracts.receipt_batches import MOST_RECEIPTS, ReceiptBatch
from herald.contracts.receipts import RECEIPT, AttemptReceipt, PlannedReceipt, Pulse, Receipt
from herald.contracts.text import storable

T = TypeVar("T")
_Any = Receipt | PlannedReceipt | Pulse
_UNSTORABLE = b"\\u0000"  # only an escape brings U+0000, which PostgreSQL does not take, into JSON


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """Something that came, and the delivery that brought it."""

    delivery: Delivery
    receipt: T

    @property
    def is_alone(self) -> bool:
        """Whether its delivery brought nothing else."""
        return not _is_batch(self.delivery)


class Arrived(Struct):
    """What deliveries brought, each kind in its order."""

    receipts: list[Item[Receipt]] = field(default_factory=list)
    answers: list[Item[PlannedReceipt]] = field(default_factory=list)
    pulses: list[Item[Pulse]] = field(default_factory=list)
    # JSON of what can't be read, or not be stored, of messages that bring other receipts, too
    unreadable: list[tuple[Delivery, bytes]] = field(default_factory=list)


def read_receipts(deliveries: Iterable[Delivery]) -> Arrived:
    """Read what came; deliveries of which nothing can be kept are rejected."""
    arrived = Arrived()
    for delivery in deliveries:
        try:
            for receipt in _read(delivery):
                if isinstance(receipt, Pulse):
                    arrived.pulses.append(Item(delivery, receipt))
                elif isinstance(receipt, PlannedReceipt):
                    arrived.answers.append(Item(delivery, receipt))
                elif isinstance(receipt, bytes):
                    arrived.unreadable.append((delivery, receipt))
                else:
                    arrived.receipts.append(Item(delivery, receipt))
        except ValueError:
            delivery.reject()
    return arrived


def ids_in(body: bytes) -> list[str]:
    """Return the ids of the receipts that a message of several brings, as dead letters have them.

    None of one alone, which has its message's, nor of what can't be read.
    """
    delivery = Delivery(body=body)
    if not _is_batch(delivery):
        return []
    receipts = [item.receipt for item in read_receipts([delivery]).receipts]
    return [
        receipt.receipt_id
        for receipt in receipts
        if isinstance(receipt, AttemptReceipt) and (receipt.attempt_id or receipt.references)
    ]


def _read(delivery: Delivery) -> Sequence[_Any | bytes]:
    """Return the receipts of a delivery, and as JSON what of several is none that can be kept.

    Raises:
        ValueError: nothing of it can be kept.
    """
    body = delivery.body
    if not _is_batch(delivery):
        receipt = RECEIPT.validate_json(body)
        if not _can_be_stored(receipt, body):
            raise ValueError("PostgreSQL takes no U+0000")
        return [receipt]
    try:
        receipts = ReceiptBatch.model_validate_json(body).root
    except ValidationError:
        return list(_read_one_by_one(body))
    if _UNSTORABLE not in body or all(_can_be_stored(receipt, body) for receipt in receipts):
        return receipts
    return list(_read_one_by_one(body))


def _is_batch(delivery: Delivery) -> bool:
    return delivery.body.startswith(b"[")


def _read_one_by_one(body: bytes) -> Iterator[AttemptReceipt | bytes]:
    parts: list[Any] = from_json(body)
    if not 0 < len(parts) <= MOST_RECEIPTS:
        raise ValueError("no message of receipts")  # each part would be a transaction
    for part in map(to_json, parts):
        try:
            receipt = AttemptReceipt.model_validate_json(part)
        except ValidationError:
            yield part
        else:
            yield receipt if _can_be_stored(receipt, part) else part


def _can_be_stored(receipt: _Any, body: bytes) -> bool:
    """Whether PostgreSQL takes its text."""
    if _UNSTORABLE not in body:
        return True
    document = receipt.model_dump(mode="json")
    return bool(storable(document) == document)
