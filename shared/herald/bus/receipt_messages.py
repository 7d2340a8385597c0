"""What goes through the receipts' queues: receipts, alone or several in a message, and pulses."""

from __future__ import annotations

from collections.abc import Sequence

from herald.bus.deliveries import Delivery
from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.identifiers import amqp_message_id, body_id
from herald.contracts.receipt_batches import MOST_RECEIPTS
from herald.contracts.receipts import (
    AttemptReceipt,
    InboundReceipt,
    PlannedReceipt,
    Pulse,
    Receipt,
)
from herald.contracts.topology import (
    RECEIPTS,
    account_receipt_key,
    attempt_receipt_key,
    inbound_receipt_key,
    pulse_key,
    reports_exchange,
)
from herald.contracts.trace_context import TraceContext
from herald.contracts.vocabulary import Lane

PULSE_TYPE = "herald.pulse.v1"
BATCH_TYPE = "herald.receipt.batch.v1"
_COUNT = "receipts"  # the header of a batch


def receipt_message(receipt: Receipt) -> OutgoingMessage:
    """Address what ingress received to the router."""
    return _message(RECEIPTS, receipt, receipt_body(receipt))


def report_message(
    receipt: Receipt | PlannedReceipt, body: bytes | None = None, trace: TraceContext | None = None
) -> OutgoingMessage:
    """Address what a worker reports to the router, by its channel's exchange.

    `body`: its bytes as they were recorded, if they were. `trace`: the span that reports it, where
    there is one.
    """
    body = receipt_body(receipt) if body is None else body
    return _message(reports_exchange(receipt.channel), receipt, body, trace)


def batch_message(reports: Sequence[tuple[AttemptReceipt, bytes]]) -> OutgoingMessage:
    """Address what a worker reports of several attempts of one channel and lane, in one message.

    `reports`: each with its bytes as they were recorded.
    """
    first, _ = reports[0]
    body = b"[" + b",".join([each for _, each in reports]) + b"]"
    return OutgoingMessage(
        exchange=reports_exchange(first.channel),
        routing_key=_key(first),
        body=body,
        message_id=body_id(body),
        type=BATCH_TYPE,
        headers={_COUNT: len(reports)},
    )


def receipts_in(delivery: Delivery) -> int:
    """Return how many receipts a delivery brings, by its header."""
    count = delivery.headers.get(_COUNT) if delivery.headers else None
    return min(max(1, count), MOST_RECEIPTS) if isinstance(count, int) else 1


def receipt_body(receipt: Receipt | PlannedReceipt | Pulse) -> bytes:
    """Encode a receipt as it is recorded and published."""
    # what `model_dump_json` calls; it would go by way of a str
    return receipt.__pydantic_serializer__.to_json(receipt, exclude_none=True)


def pulse_message(pulse: Pulse, lane: Lane) -> OutgoingMessage:
    """Address a pulse to one lane of the receipts."""
    return OutgoingMessage(
        exchange=RECEIPTS,
        routing_key=pulse_key(lane),
        body=receipt_body(pulse),
        message_id=amqp_message_id("pulse", str(pulse.instance), lane),
        type=PULSE_TYPE,
    )


def _message(
    exchange: str,
    receipt: Receipt | PlannedReceipt,
    body: bytes,
    trace: TraceContext | None = None,
) -> OutgoingMessage:
    return OutgoingMessage(
        exchange=exchange,
        routing_key=_key(receipt),
        body=body,
        message_id=receipt.receipt_id,
        type=f"herald.receipt.{receipt.kind}.v1",
        headers={} if trace is None else trace.headers,
    )


def _key(receipt: Receipt | PlannedReceipt) -> str:
    if isinstance(receipt, (AttemptReceipt, PlannedReceipt)):
        return attempt_receipt_key(receipt.channel, receipt.lane or Lane.NORMAL)
    if isinstance(receipt, InboundReceipt):
        return inbound_receipt_key(receipt.channel)
    return account_receipt_key(receipt.channel)
