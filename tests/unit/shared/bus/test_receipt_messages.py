"""Receipts as they travel: the same from a channel, from ingress and from a record."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from herald.bus.receipt_messages import (
    pulse_message,
    receipt_body,
    receipt_message,
    report_message,
)
from herald.contracts.receipts import (
    RECEIPT,
    AccountReceipt,
    AttemptReceipt,
    InboundReceipt,
    Pulse,
    Receipt,
)
from herald.contracts.topology import RECEIPTS
from herald.contracts.vocabulary import Lane

COMMON = {
    "channel": "sms",
    "provider": "twilio",
    "account": "main",
    "received_at": datetime(2026, 1, 19, 12, tzinfo=UTC),
}
ATTEMPT = AttemptReceipt.model_validate(
    COMMON | {"source": "webhook", "attempt_id": "a.1.1", "status": "sent", "event_key": "e1"}
)
INBOUND = InboundReceipt.model_validate(
    COMMON | {"reference": "SM1", "sender": "+15550002222", "content": "text"}
)
ACCOUNT = AccountReceipt.model_validate(COMMON | {"event_key": "n", "topic": "other", "name": "n"})


@pytest.mark.parametrize(
    ("receipt", "key", "kind"),
    [
        (ATTEMPT, "attempt.sms.normal", "herald.receipt.attempt.v1"),
        (
            ATTEMPT.model_copy(update={"lane": Lane.URGENT}),
            "attempt.sms.urgent",
            "herald.receipt.attempt.v1",
        ),
        (INBOUND, "inbound.sms.normal", "herald.receipt.inbound.v1"),
        (ACCOUNT, "account.sms.normal", "herald.receipt.account.v1"),
    ],
)
def test_a_receipt_goes_where_the_router_consumes(receipt: Receipt, key: str, kind: str) -> None:
    """Mandatory, under its kind's key, with its own id, and the router reads it back."""
    message = receipt_message(receipt)
    assert report_message(receipt) == message._replace(exchange="herald.reports.sms")
    assert (message.exchange, message.routing_key, message.type) == (RECEIPTS, key, kind)
    assert message.message_id == receipt.receipt_id
    assert message.mandatory
    assert RECEIPT.validate_json(message.body) == receipt


def test_a_recorded_receipt_travels_as_it_was_recorded() -> None:
    """Its bytes are not written anew by whatever version publishes them."""
    assert report_message(ATTEMPT, b"recorded").body == b"recorded"
    assert receipt_message(ATTEMPT).body == receipt_body(ATTEMPT)


def test_a_pulse_has_one_id_in_each_lane() -> None:
    """It travels in its lane, leaves out what it does not say, and is not a receipt by type."""
    pulse = Pulse(source="ingress", instance=UUID(int=1))
    urgent, bulk = pulse_message(pulse, Lane.URGENT), pulse_message(pulse, Lane.BULK)
    assert urgent.routing_key != bulk.routing_key
    assert urgent.message_id != bulk.message_id
    assert urgent.type == "herald.pulse.v1"
    assert b"holds_something" not in urgent.body
