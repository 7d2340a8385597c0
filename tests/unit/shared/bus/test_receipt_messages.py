"""Receipts as they travel: the same from a channel, from ingress and from a record."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from herald.bus.deliveries import Delivery
from herald.bus.receipt_messages import (
    batch_message,
    pulse_message,
    receipt_body,
    receipt_message,
    receipts_in,
    report_message,
)
from herald.contracts.receipt_batches import MOST_RECEIPTS, ReceiptBatch
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


def test_several_receipts_travel_as_one() -> None:
    """In one message under the key of one, as they were recorded, and its header counts them."""
    other = ATTEMPT.model_copy(update={"attempt_id": "b.1.1"})
    message = batch_message([(each, receipt_body(each)) for each in (ATTEMPT, other)])
    alone = report_message(ATTEMPT)
    assert (message.exchange, message.routing_key) == (alone.exchange, alone.routing_key)
    assert message.mandatory
    assert ReceiptBatch.model_validate_json(message.body).root == (ATTEMPT, other)
    assert receipts_in(Delivery(body=message.body, headers=message.headers)) == 2


def test_the_same_receipts_together_have_the_same_id() -> None:
    """A message that is published again is known again; that of others is another."""
    reports = [(ATTEMPT, b"1"), (ATTEMPT, b"2")]
    assert batch_message(reports).message_id == batch_message(reports).message_id
    assert batch_message(reports).message_id != batch_message(reports[::-1]).message_id


@pytest.mark.parametrize(
    ("header", "count"),
    [({}, 1), ({"receipts": 0}, 1), ({"receipts": "9"}, 1), ({"receipts": 10**6}, MOST_RECEIPTS)],
)
def test_a_header_that_counts_wrongly_does_no_harm(header: dict[str, object], count: int) -> None:
    """A delivery brings one receipt at least, and no more than a message may have."""
    assert receipts_in(Delivery(body=b"", headers=header)) == count
