"""What a message of one or several receipts comes to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behaviour.router.receipts import inbound
from herald.bus.deliveries import Delivery
from herald.bus.receipt_messages import receipt_body
from herald.channel.reports import report, returned
from herald.contracts.receipt_batches import ReceiptBatch
from herald.http.response import HttpResponse
from herald.providers.sending import Accepted
from herald.providers.twilio.send import read_response
from router.parsing.receipts import Arrived, read_receipts
from unit.channel.making import NOW, work

GOOD = json.loads(receipt_body(returned(work(), "rate_limit", NOW)))
BAD: list[Any] = [
    None,
    {},
    GOOD | {"received_at": "yesterday"},
    GOOD | {"event_key": "\x00"},  # PostgreSQL has no U+0000
    [GOOD],
]


def read(*parts: Any) -> tuple[Delivery, Arrived]:
    delivery = Delivery(body=json.dumps(parts).encode())
    return delivery, read_receipts([delivery])


def test_several_receipts_of_a_message_are_read_in_order() -> None:
    """They are what each of them would be alone, and know that they did not come alone."""
    many = [GOOD | {"event_key": str(number)} for number in range(20)]
    delivery, arrived = read(*many)
    assert [json.loads(receipt_body(item.receipt)) for item in arrived.receipts] == many
    assert all(item.delivery is delivery and not item.is_alone for item in arrived.receipts)
    assert not delivery.rejected


def test_a_receipt_by_itself_is_alone() -> None:
    """Of any kind, as before."""
    [item] = read_receipts([Delivery(body=receipt_body(inbound()))]).receipts
    assert item.is_alone


@pytest.mark.parametrize("bad", BAD)
def test_what_is_no_receipt_is_kept_apart_from_those_around_it(bad: Any) -> None:
    """The others are read, and it is there to be kept as it came."""
    delivery, arrived = read(GOOD, bad, GOOD)
    assert len(arrived.receipts) == 2
    [(_, body)] = arrived.unreadable
    assert json.loads(body) == bad
    assert not delivery.rejected


TOO_MANY = pytest.param(b"[1" + b",1" * 10**5 + b"]", id="too many")
MANY_GOOD = pytest.param(json.dumps([GOOD] * 21).encode(), id="too many good ones")


@pytest.mark.parametrize(
    "body", [b"[", b"[]", b"[1,", b'["\\ud800"]', b"\xff", b"", b"{}", TOO_MANY, MANY_GOOD]
)
def test_a_message_that_is_nothing_is_rejected_whole(body: bytes) -> None:
    """It holds no receipt, or more than go together, and nothing is kept by itself."""
    delivery = Delivery(body=body)
    assert read_receipts([delivery]) == Arrived()
    assert delivery.rejected


def test_the_deepest_response_of_a_provider_is_read_with_those_around_it() -> None:
    """What a worker reports is read, alone and with others, however deep a provider nests it."""
    response = b'{"sid": "SM1", "status": ' + b"[" * 198 + b"1" + b"]" * 198 + b"}"
    result = read_response(HttpResponse(201, {}, response))
    assert isinstance(result, Accepted)
    made = report(work(), result, NOW, provider="twilio", account="main", receipts=None)
    delivery, arrived = read(GOOD, json.loads(receipt_body(made)), GOOD)
    assert len(arrived.receipts) == 3
    assert not delivery.rejected


@given(st.lists(st.sampled_from([GOOD, *BAD]), min_size=1, max_size=8), st.data())
def test_a_message_cut_anywhere_is_read_whole_or_not_at_all(
    parts: list[Any], data: st.DataObject
) -> None:
    """Nothing of it is handled and the rest forgotten."""
    body = json.dumps(parts).encode()
    delivery = Delivery(body=body[: data.draw(st.integers(0, len(body)))])
    arrived = read_receipts([delivery])
    found = len(arrived.receipts) + len(arrived.unreadable)
    assert found == (0 if delivery.rejected else len(parts))


def test_what_workers_write_is_what_the_contract_says() -> None:
    """Receipts between brackets are a batch of the schema that is published."""
    body = receipt_body(returned(work(), "rate_limit", NOW))
    assert len(ReceiptBatch.model_validate_json(b"[" + body + b"," + body + b"]").root) == 2
