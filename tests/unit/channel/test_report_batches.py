"""Reports that end together go in as few messages as they fit."""

from __future__ import annotations

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from herald.bus.deliveries import Delivery
from herald.bus.receipt_messages import BATCH_TYPE, receipt_body, report_message
from herald.channel.finished import Finished
from herald.channel.report_batches import message_of, parts_of
from herald.channel.reports import returned
from herald.contracts.receipt_batches import MOST_BYTES, MOST_RECEIPTS
from herald.contracts.trace_context import TraceContext
from herald.tracing.spans import Span
from unit.channel.making import NOW, work

RECEIPT = returned(work(), "rate_limit", NOW)


class Traced:
    """A span, as far as a report has to do with it."""

    context = TraceContext.read({"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"})


def finished(body: bytes = b"{}", *, is_traced: bool = False) -> Finished:
    span = cast("Span", Traced()) if is_traced else None
    return Finished(Delivery(body=b""), RECEIPT, body, span=span)


@given(
    st.lists(
        st.builds(
            finished,
            st.integers(2, 2 * MOST_BYTES).map(bytes) | st.integers(2, 3000).map(bytes),
            is_traced=st.booleans(),
        ),
        max_size=70,
    )
)
def test_each_part_fits_a_message_and_none_is_lost(reports: list[Finished]) -> None:
    """In order, at most twenty and 40 KiB together; one that is larger, or traced, by itself."""
    parts = parts_of(reports)
    assert [id(report) for part in parts for report in part] == [id(report) for report in reports]
    for part in parts:
        assert 1 <= len(part) <= MOST_RECEIPTS
        if len(part) > 1:
            assert len(message_of(part).body) <= MOST_BYTES
            assert all(report.span is None for report in part)


def test_as_many_as_fit_go_together() -> None:
    """Small reports make no more messages than they must."""
    assert [len(part) for part in parts_of([finished()] * 45)] == [20, 20, 5]


def test_a_report_alone_goes_as_every_version_reads_it() -> None:
    """It is no batch of one, and keeps the header of its span."""
    body = receipt_body(RECEIPT)
    assert message_of([finished(body)]) == report_message(RECEIPT, body)
    assert "traceparent" in message_of([finished(body, is_traced=True)]).headers
    assert message_of([finished(body)] * 2).type == BATCH_TYPE
