"""Which reports go together in one message. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.receipt_batches import batch_message, parts_of
from herald.bus.receipt_messages import report_message
from herald.channel.finished import Finished


def parts_of_reports(reports: Iterable[Finished]) -> list[list[Finished]]:
    """Part reports so that each part fits one message.

    One that is traced goes by itself, for its span stands in its message's headers.
    """
    return parts_of(
        reports,
        lambda report: report.body,
        lambda report: report.receipt.lane if report.span is None else None,
    )


def message_of(part: Sequence[Finished]) -> OutgoingMessage:
    """Address a part to the router: a report alone goes as every version reads it."""
    first = part[0]
    trace = None if first.span is None else first.span.context
    alone = report_message(first.receipt, first.body, trace)
    if len(part) == 1:
        return alone
    return batch_message(alone.exchange, alone.routing_key, [report.body for report in part])
