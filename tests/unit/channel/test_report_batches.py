"""Reports that end together go in as few messages as they fit."""

from __future__ import annotations

from typing import cast

from herald.bus.deliveries import Delivery
from herald.bus.receipt_batches import BATCH_TYPE
from herald.bus.receipt_messages import receipt_body, report_message
from herald.channel.finished import Finished
from herald.channel.report_batches import message_of, parts_of_reports
from herald.channel.reports import returned
from herald.contracts.trace_context import TraceContext
from herald.tracing.spans import Span
from unit.channel.making import NOW, work

RECEIPT = returned(work(), "rate_limit", NOW)


class Traced:
    """A span, as far as a report has to do with it."""

    context = TraceContext.read({"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"})


def finished(*, is_traced: bool = False) -> Finished:
    span = cast("Span", Traced()) if is_traced else None
    return Finished(Delivery(body=b""), RECEIPT, receipt_body(RECEIPT), span=span)


def test_reports_go_together_but_for_those_that_are_traced() -> None:
    """The span of a report stands in the headers of its own message."""
    reports = [finished(is_traced=number % 3 == 0) for number in range(7)]
    assert [len(part) for part in parts_of_reports(reports)] == [1, 4, 1, 1]


def test_a_report_alone_goes_as_every_version_reads_it() -> None:
    """It is no batch of one, and keeps the header of its span."""
    assert message_of([finished()]) == report_message(RECEIPT)
    assert "traceparent" in message_of([finished(is_traced=True)]).headers


def test_several_go_where_each_would_go() -> None:
    """Under the exchange of their channel and the key of their lane."""
    alone, together = message_of([finished()]), message_of([finished(), finished()])
    assert together.type == BATCH_TYPE
    assert (together.exchange, together.routing_key) == (alone.exchange, alone.routing_key)
