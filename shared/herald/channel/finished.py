"""Work that is over, with its report: what the recorder takes in."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog
from pydantic import ValidationError

from herald.bus.batches import where
from herald.bus.deliveries import Delivery
from herald.bus.receipt_messages import receipt_body
from herald.channel import sends
from herald.channel.attempts import Attempt
from herald.channel.planning import Later
from herald.channel.reports import report, returned
from herald.channel.sends import Known
from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.vocabulary import FailureClass
from herald.providers.sending import CallResult, NotSent, Refused, SendResult, Uncertain
from herald.tracing.spans import Span

_log = structlog.get_logger(__name__)


class Finished(NamedTuple):
    """Work that is over, with its report and the bytes it is written as.

    `recorded`: its row has the report, or there is none. `release`: the claim to be removed before
    the work is given back, for nothing was sent. Another worker may have taken that claim for a
    call under way and acknowledged the delivery: then this report is all that is left of the work.
    """

    delivery: Delivery
    receipt: AttemptReport | AttemptReceipt  # the latter where it is read from its row
    body: bytes
    recorded: bool = False
    release: UUID | None = None
    span: Span | None = None  # of the work; ended by the recorder


def given_back(
    attempt: Attempt, later: Later, now: datetime, *, release: UUID | None = None
) -> Finished:
    """Give work back without a call; a claim of it that may stand is removed by its token first."""
    receipt = returned(
        attempt.work,
        later.reason,
        now,
        wait=later.wait,
        failure=later.failure,
        grant=later.grant,
    )
    is_recorded = release is None  # there is no row
    body = receipt_body(receipt)
    return Finished(attempt.delivery, receipt, body, is_recorded, release, attempt.span)


def ended(attempt: Attempt, result: SendResult, now: datetime) -> Finished:
    """Write the report of a call. A result that can't be written becomes unknown."""
    if isinstance(result, NotSent):
        # its delivery is lost, and a redelivery is acknowledged for its row: the row must say it
        result = Refused(Failure.of(FailureClass.TRANSIENT, result.code, retry_after=result.wait))
    try:
        return _reported(attempt, result, now)
    except Exception as error:  # noqa: BLE001  an adapter's bug
        _log.error(
            "adapter.unwritable",
            error=type(error).__name__,
            where=where(error),
            **attempt.names,
        )
        return _reported(attempt, Uncertain("adapter_error"), now)


def recorded_before(attempt: Attempt, row: Known) -> Finished | None:
    """Read the recorded report of an attempt, to publish it again.

    None where there is none to publish: it is withdrawn, under way elsewhere, or the sweeper's; or
    another version wrote it so that nobody here can read it.
    """
    if row.state != sends.RECORDED or row.report is None:
        return None
    try:
        receipt = AttemptReceipt.model_validate_json(row.report)
    except ValidationError:
        _log.error("report.unreadable", **attempt.names)
        return None
    body = row.report.encode()
    return Finished(attempt.delivery, receipt, body, recorded=True, span=attempt.span)


def _reported(attempt: Attempt, result: CallResult, now: datetime) -> Finished:
    receipt = report(
        attempt.work,
        result,
        now,
        provider=attempt.provider,
        account=attempt.account,
        receipts=attempt.receipts,
    )
    return Finished(attempt.delivery, receipt, receipt_body(receipt), span=attempt.span)
