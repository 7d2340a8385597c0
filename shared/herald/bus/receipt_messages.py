"""What goes through the receipts' queues, as outgoing messages: receipts, and pulses among them."""

from __future__ import annotations

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.attempt_reports import AttemptReport, WrittenReceipt
from herald.contracts.identifiers import amqp_message_id
from herald.contracts.receipts import (
    AttemptReceipt,
    InboundReceipt,
    PlannedReceipt,
    Pulse,
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
ATTEMPT_TYPE = "herald.receipt.attempt.v1"


def receipt_message(receipt: WrittenReceipt) -> OutgoingMessage:
    """Address what ingress received to the router."""
    if isinstance(receipt, AttemptReport):
        key = attempt_receipt_key(receipt.channel, receipt.lane or Lane.NORMAL)
        return OutgoingMessage(RECEIPTS, key, receipt.written(), receipt.receipt_id, ATTEMPT_TYPE)
    return _message(RECEIPTS, receipt, receipt_body(receipt))


def report_message(
    receipt: WrittenReceipt | PlannedReceipt,
    body: bytes | None = None,
    trace: TraceContext | None = None,
) -> OutgoingMessage:
    """Address what a worker reports to the router, by its channel's exchange.

    `body`: its bytes as they were recorded, if they were. `trace`: the span that reports it, where
    there is one.
    """
    body = receipt_body(receipt) if body is None else body
    return _message(reports_exchange(receipt.channel), receipt, body, trace)


def receipt_body(receipt: WrittenReceipt | PlannedReceipt | Pulse) -> bytes:
    """Encode a receipt as it is recorded and published."""
    if isinstance(receipt, AttemptReport):
        return receipt.written()
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
    receipt: WrittenReceipt | PlannedReceipt,
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


def _key(receipt: WrittenReceipt | PlannedReceipt) -> str:
    if isinstance(receipt, (AttemptReport, AttemptReceipt, PlannedReceipt)):
        return attempt_receipt_key(receipt.channel, receipt.lane or Lane.NORMAL)
    if isinstance(receipt, InboundReceipt):
        return inbound_receipt_key(receipt.channel)
    return account_receipt_key(receipt.channel)
