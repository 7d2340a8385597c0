"""The reports of MessageBird's SMS API. MessageBird: "SMS API, handle a status report"."""

from __future__ import annotations

from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import Status
from herald.providers.lenient_json import (
    carried,
    event_key,
    kept_fields,
    reference,
    text,
    whole_number,
)
from herald.providers.messagebird.fields import CHANNEL, NAME, Fields, time_of
from herald.providers.messagebird.report_errors import report_class
from herald.providers.webhook_requests import WebhookRequest

ATTEMPT_FIELD = "reference"  # what our calls gave

STATUSES: dict[str, Status] = {
    "scheduled": Status.SENT,
    "sent": Status.SENT,
    "buffered": Status.SENT,  # the carrier tries again
    "delivered": Status.DELIVERED,
    "expired": Status.FAILED,
    "delivery_failed": Status.FAILED,
}
KEPT = frozenset(  # of a report, for the history
    {
        *("id", "status", "statusDatetime", "statusErrorCode", "mccmnc", "ported"),
        *("messagePartCount", "datacoding", "price[amount]", "price[currency]", ATTEMPT_FIELD),
    }
)


def status_receipt(
    account: str, request: WebhookRequest, fields: Fields, word: str
) -> AttemptReport:
    """Read a report."""
    ours, code = carried(fields.get(ATTEMPT_FIELD)), text(fields, "statusErrorCode") or ""
    status, reason = STATUSES.get(word, Status.OTHER), text(fields, "statusReason") or ""
    return AttemptReport(
        source="webhook",
        channel=CHANNEL,
        provider=NAME,
        account=account,
        attempt_id=ours.attempt_id,
        lane=ours.lane,
        references=(reference(fields, "id"),),
        status=status,
        event_key=event_key(word, code),
        failure=_failure(word, code, reason) if status is Status.FAILED else None,
        occurred_at=time_of(fields.get("statusDatetime")),
        received_at=request.received_at,
        element=kept_fields(fields, KEPT, len(request.body) + len(request.query)),
    )


def _failure(word: str, code: str, reason: str) -> Failure:
    number = whole_number(code)
    return Failure.of(report_class(number, reason or word), number or word, reason)
