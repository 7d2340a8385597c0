"""The statuses of messages. Meta: "Status messages webhook reference"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.lenient_json import (
    NotUnderstoodError,
    Reason,
    carried,
    event_key,
    kept_fields,
    mapping,
    moment,
    part,
    reference,
    sequence,
    text,
    whole_number,
)
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.whatsapp_cloud.errors import OPTED_OUT_OF, OUTSIDE_WINDOW, classify
from herald.providers.whatsapp_cloud.names import CHANNEL
from herald.providers.whatsapp_cloud.names import PROVIDER as PROVIDER_NAME

ATTEMPT_FIELD = "biz_opaque_callback_data"  # what our calls gave, carried back in statuses
_OF_A_MESSAGE = {None, "message"}  # what the type of a status says; not `payment`
STATUSES: dict[str, Status] = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,  # skipped when the chat is open: only `read` comes
    "read": Status.READ,
    "played": Status.READ,  # a voice message; comes beside `read`
    "failed": Status.FAILED,  # also after `sent`
    "deleted": Status.OTHER,  # by the recipient or by us; says nothing about delivery
}

# of a status, for the history; of its errors the codes
KEPT = frozenset(
    {*("id", "status", "timestamp", "type", "conversation", "pricing", "errors"), ATTEMPT_FIELD}
)
_KEPT_WITHOUT_ERRORS = KEPT - {"errors"}


def status_receipt(account: str, request: WebhookRequest, element: Any) -> AttemptReport:
    """Read a status."""
    status = mapping(element)
    word = text(status, "status")
    if word is None:
        raise NotUnderstoodError(Reason.SHAPE)
    is_of_message = text(status, "type") in _OF_A_MESSAGE
    known = STATUSES.get(word, Status.OTHER) if is_of_message else Status.OTHER
    errors = [error for error in sequence(status.get("errors")) if isinstance(error, dict)]
    codes = ",".join([text(error, "code") or "" for error in errors]) if errors else ""
    ours = carried(status.get(ATTEMPT_FIELD))
    return AttemptReport(
        source="webhook",
        channel=CHANNEL,
        provider=PROVIDER_NAME,
        account=account,
        attempt_id=ours.attempt_id,
        lane=ours.lane,
        references=(reference(status, "id"),),
        status=known,
        event_key=event_key(word, text(status, "timestamp") or "", codes),
        failure=_failure(errors[0] if errors else {}) if known is Status.FAILED else None,
        outside_window=bool(errors) and _is_outside_window(errors),
        occurred_at=moment(status.get("timestamp")),
        received_at=request.received_at,
        element=_kept(status, errors, len(request.body)),
    )


def _kept(status: Mapping[str, Any], errors: Sequence[Mapping[str, Any]], body_bytes: int) -> Any:
    if not errors:
        return kept_fields(status, _KEPT_WITHOUT_ERRORS, body_bytes)
    codes = [{"code": error.get("code")} for error in errors]
    return kept_fields({**status, "errors": codes}, KEPT, body_bytes)


def _is_outside_window(errors: Sequence[Mapping[str, Any]]) -> bool:
    return any(whole_number(error.get("code")) in OUTSIDE_WINDOW for error in errors)


def _failure(error: Mapping[str, Any]) -> Failure:
    """Classify by the code; only `code` and `title` are always there."""
    code = whole_number(error.get("code"))
    words = (
        text(part(error, "error_data"), "details") or text(error, "message") or text(error, "title")
    )
    failure_class = FailureClass.PERMANENT if code is None else classify(code)
    opted_out_of = None if code is None else OPTED_OUT_OF.get(code)
    text_of_code = "" if code is None else code
    return Failure.of(failure_class, text_of_code, words or "", opted_out_of=opted_out_of)
