"""Several receipts in one message: which go together, and how they travel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.bus.deliveries import Delivery
from herald.bus.receipt_batches import batch_message, parts_of, receipts_in
from herald.bus.receipt_messages import receipt_body, report_message
from herald.contracts.receipt_batches import MOST_BYTES, MOST_RECEIPTS, ReceiptBatch
from unit.shared.bus.test_receipt_messages import ATTEMPT

Item = tuple[str | None, bytes]  # an address, and what goes there
ITEMS = st.tuples(
    st.sampled_from(["a", "b", None]),
    st.integers(2, 2 * MOST_BYTES).map(bytes) | st.integers(2, 3000).map(bytes),
)


def parted(items: list[Item]) -> list[list[Item]]:
    return parts_of(items, lambda item: item[1], lambda item: item[0])


@given(st.lists(ITEMS, max_size=70))
def test_each_part_fits_a_message_and_none_is_lost(items: list[Item]) -> None:
    """Of one address, in order, at most twenty and 40 KiB together; one that is larger alone."""
    parts = parted(items)
    for address in ("a", "b", None):
        found = [id(item) for part in parts for item in part if item[0] == address]
        assert found == [id(item) for item in items if item[0] == address]
    assert sum(map(len, parts)) == len(items)
    for part in parts:
        assert len({address for address, _ in part}) == 1
        assert len(part) <= MOST_RECEIPTS
        if len(part) > 1:
            assert part[0][0] is not None
            assert len(batch_message("", "", [body for _, body in part]).body) <= MOST_BYTES


def test_as_many_as_fit_go_together() -> None:
    """Small items make no more messages than they must, whatever stands between them."""
    items: list[Item] = [("a", b"{}"), ("b", b"{}")] * 45
    assert sorted(map(len, parted(items))) == [5, 5, 20, 20, 20, 20]


def test_several_receipts_travel_as_one() -> None:
    """In one message, as they were written, and its header counts them."""
    other = ATTEMPT.model_copy(update={"attempt_id": "b.1.1"})
    alone = report_message(ATTEMPT)
    bodies = [receipt_body(ATTEMPT), receipt_body(other)]
    message = batch_message(alone.exchange, alone.routing_key, bodies)
    assert message.mandatory
    assert ReceiptBatch.model_validate_json(message.body).root == (ATTEMPT, other)
    assert receipts_in(Delivery(body=message.body, headers=message.headers)) == 2


def test_the_same_receipts_together_have_the_same_id() -> None:
    """A message that is published again is known again; that of others is another."""

    def name(*bodies: bytes) -> str:
        return batch_message("exchange", "key", bodies).message_id

    assert name(b"1", b"2") == name(b"1", b"2")
    assert name(b"1", b"2") != name(b"2", b"1")


@pytest.mark.parametrize(
    ("header", "count"),
    [({}, 1), ({"receipts": 0}, 1), ({"receipts": "9"}, 1), ({"receipts": 10**6}, MOST_RECEIPTS)],
)
def test_a_header_that_counts_wrongly_does_no_harm(header: dict[str, object], count: int) -> None:
    """A delivery brings one receipt at least, and no more than a message may have."""
    assert receipts_in(Delivery(body=b"", headers=header)) == count
