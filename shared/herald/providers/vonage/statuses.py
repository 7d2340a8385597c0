"""The statuses that Vonage's Messages API reports. Vonage: "Messages API, message status"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.lenient_json import (
    Carried,
    event_key,
    iso_moment,
    kept_fields,
    part,
    reference,
    text,
)
from herald.providers.vonage.errors import (
    FAILURE_CLASSES,
    OUTSIDE_WINDOW,
    UNEXPLAINED,
    code_of,
)
from herald.providers.vonage.names import NAME
from herald.providers.webhook_requests import WebhookRequest

ATTEMPT_FIELD = "client_ref"  # what our calls gave

STATUSES: dict[str, Status] = {
    "submitted": Status.SENT,  # to the carrier, or to WhatsApp
    "delivered": Status.DELIVERED,
    "read": Status.READ,  # WhatsApp only
    "rejected": Status.FAILED,  # by Vonage, or by the platform
    "undeliverable": Status.FAILED,
}
KEPT = frozenset(  # of a status, for the history
    {
        *("message_uuid", "status", "timestamp", "channel", "usage", "destination", "sms"),
        *("error", ATTEMPT_FIELD),
    }
)
KEPT_OF_ERROR = frozenset({"type", "instance"})


def status_receipt(
    owner: tuple[str, str],
    request: WebhookRequest,
    status: Mapping[str, Any],
    word: str,
    ours: Carried,
) -> AttemptReport:
    """Read a status; `owner` is its channel and its account, `ours` what it carried back."""
    channel, account = owner
    known, error = STATUSES.get(word, Status.OTHER), part(status, "error")
    code = code_of(error)
    return AttemptReport(
        source="webhook",
        channel=channel,
        provider=NAME,
        account=account,
        attempt_id=ours.attempt_id,
        lane=ours.lane,
        references=(reference(status, "message_uuid"),),
        status=known,
        event_key=event_key(word, code),
        failure=_failure(error, word, code) if known is Status.FAILED else None,
        outside_window=code in OUTSIDE_WINDOW,
        occurred_at=iso_moment(status.get("timestamp")),
        received_at=request.received_at,
        element=_kept(status, error, len(request.body)),
    )


def _failure(error: Mapping[str, Any], word: str, code: str) -> Failure:
    unexplained = UNEXPLAINED.get(word, FailureClass.PERMANENT)
    failure_class = FAILURE_CLASSES.get(code, unexplained)
    words = text(error, "detail") or text(error, "title") or ""
    return Failure.of(failure_class, code or word, words)


def _kept(status: Mapping[str, Any], error: Mapping[str, Any], body_bytes: int) -> Any:
    """Leave out an error's prose, which may repeat an address."""
    without = {name: value for name, value in status.items() if name != "error"}
    kept = {name: error[name] for name in KEPT_OF_ERROR & error.keys()}
    return kept_fields({**without, "error": kept} if kept else without, KEPT, body_bytes)
