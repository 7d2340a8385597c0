"""The delivery receipts of Vonage's SMS API. Vonage: "Delivery receipts".

Each part of a long text has receipts of its own, all of the same attempt.
"""

from __future__ import annotations

from datetime import datetime

from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import Status
from herald.providers.lenient_json import (
    carried,
    event_key,
    iso_moment,
    kept_fields,
    moment,
    reference,
    text,
    whole_number,
)
from herald.providers.vonage_sms.fields import CHANNEL, NAME, Fields
from herald.providers.vonage_sms.receipt_errors import receipt_class
from herald.providers.webhook_requests import WebhookRequest

ATTEMPT_FIELD = "client-ref"  # what our calls gave

STATUSES: dict[str, Status] = {
    "accepted": Status.SENT,  # by the carrier
    "buffered": Status.SENT,  # the carrier tries again
    "delivered": Status.DELIVERED,
    "failed": Status.FAILED,
    "expired": Status.FAILED,
    "rejected": Status.FAILED,
    "deleted": Status.FAILED,
    "unknown": Status.OTHER,  # the carrier did not say
}
KEPT = frozenset(  # of a receipt, for the history
    {
        *("messageId", "status", "err-code", "scts", "message-timestamp", "network-code"),
        *("price", "api-key", ATTEMPT_FIELD),
    }
)


def status_receipt(
    account: str, request: WebhookRequest, fields: Fields, word: str
) -> AttemptReport:
    """Read a delivery receipt."""
    ours, message = carried(fields.get(ATTEMPT_FIELD)), reference(fields, "messageId")
    status, code = STATUSES.get(word, Status.OTHER), text(fields, "err-code") or ""
    return AttemptReport(
        source="webhook",
        channel=CHANNEL,
        provider=NAME,
        account=account,
        attempt_id=ours.attempt_id,
        lane=ours.lane,
        references=(message,),
        status=status,
        # the id, too: parts of one message may say the same
        event_key=event_key(message, word, code),
        failure=_failure(word, code) if status is Status.FAILED else None,
        occurred_at=event_time(fields),
        received_at=request.received_at,
        element=kept_fields(fields, KEPT, len(request.body) + len(request.query)),
    )


def event_time(fields: Fields) -> datetime | None:
    """Read the time that Vonage gives, in UTC."""
    named = iso_moment(fields.get("message-timestamp")) or moment(fields.get("timestamp"))
    return named or _minute(fields.get("scts", ""))


def _minute(written: str) -> datetime | None:
    """Read the carrier's YYMMDDhhmm."""
    if not (len(written) == len("YYMMDDhhmm") and written.isascii() and written.isdigit()):
        return None
    parts = (written[place : place + 2] for place in range(0, len(written), 2))
    return iso_moment("20{}-{}-{} {}:{}".format(*parts))


def _failure(word: str, code: str) -> Failure:
    """Classify by the code; `0` and none are no code."""
    number = whole_number(code)
    return Failure.of(receipt_class(number, word), number or word)
