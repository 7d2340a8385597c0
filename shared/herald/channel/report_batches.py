"""Which reports go together in one message. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.receipt_messages import batch_message, report_message
from herald.channel.finished import Finished
from herald.contracts.receipt_batches import MOST_BYTES, MOST_RECEIPTS

_BRACKETS = 2
_COMMA = 1


def parts_of(reports: Iterable[Finished]) -> list[list[Finished]]:
    """Part reports of one channel and lane, in order, so that each part fits one message.

    One that is traced goes by itself, for its span stands in its message's headers.
    """
    parts: list[list[Finished]] = []
    size = count = 0
    for report in reports:
        own = len(report.body) + _COMMA
        is_traced = report.span is not None
        if not count or is_traced or count == MOST_RECEIPTS or size + own > MOST_BYTES:
            parts.append([])
            size, count = _BRACKETS, 0
        parts[-1].append(report)
        size += own
        count = 0 if is_traced else count + 1
    return parts


def message_of(part: Sequence[Finished]) -> OutgoingMessage:
    """Address a part to the router: a report alone goes as every version reads it."""
    if len(part) > 1:
        return batch_message([(report.receipt, report.body) for report in part])
    [report] = part
    trace = None if report.span is None else report.span.context
    return report_message(report.receipt, report.body, trace)
