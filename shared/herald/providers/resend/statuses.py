"""The events that Resend reports of a mail. Resend: "Event types"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.lenient_json import (
    MAX_REFERENCE,
    NotForHeraldError,
    NotUnderstoodError,
    Reason,
    carried,
    event_key,
    iso_moment,
    kept_fields,
    part,
    plain_word,
    text,
)
from herald.providers.resend.errors import BOUNCE_CLASSES
from herald.providers.resend.tags import ATTEMPT_TAG, from_tag
from herald.providers.webhook_requests import WebhookRequest

NAME = "resend"
CHANNEL = "email"
OF_MAILS = "email."  # events of contacts and domains begin otherwise

STATUSES: dict[str, Status] = {
    "email.scheduled": Status.OTHER,
    "email.sent": Status.SENT,
    "email.delivered": Status.DELIVERED,
    "email.delivery_delayed": Status.DEFERRED,
    "email.bounced": Status.BOUNCED,  # also by Resend's own list of addresses that bounced
    "email.suppressed": Status.FAILED,  # never sent, for that list
    "email.complained": Status.COMPLAINED,
    "email.opened": Status.READ,
    "email.clicked": Status.CLICKED,
    "email.failed": Status.FAILED,
}
FULL = frozenset({"MailboxFull", "MessageTooLarge", "ContentRejected", "AttachmentRejected"})
KEPT = frozenset({"type", "created_at"})
KEPT_OF_BOUNCE = ("type", "subType")


def status_receipt(
    account: str, request: WebhookRequest, name: str, event: Mapping[str, Any]
) -> AttemptReport:
    """Read one event; `name`: the webhook's own, the same whenever it is tried again."""
    word, data = text(event, "type"), part(event, "data")
    if word is None:
        raise NotUnderstoodError(Reason.SHAPE)
    if not word.startswith(OF_MAILS):
        raise NotForHeraldError
    ours, references = carried(from_tag(_tags(data).get(ATTEMPT_TAG))), _references(data)
    if ours.attempt_id is None and not references:
        raise NotUnderstoodError(Reason.NO_REFERENCE)
    status = STATUSES.get(word, Status.OTHER)
    return AttemptReport(
        source="webhook",
        channel=CHANNEL,
        provider=NAME,
        account=account,
        attempt_id=ours.attempt_id,
        lane=ours.lane,
        references=references,
        status=status,
        event_key=event_key(name),
        failure=_failure(data, status),
        occurred_at=iso_moment(event.get("created_at")),  # `data.created_at` is the mail's
        received_at=request.received_at,
        element=_kept(event, data, len(request.body)),
    )


def _tags(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return tags by name, whether they come as an object or as a list of pairs."""
    given = data.get("tags")
    if isinstance(given, list):
        return {
            name: item.get("value")
            for item in given
            if isinstance(item, dict) and isinstance(name := item.get("name"), str)
        }
    return given if isinstance(given, dict) else {}


def _references(data: Mapping[str, Any]) -> tuple[str, ...]:
    found = text(data, "email_id") or ""
    return (found,) if 0 < len(found) <= MAX_REFERENCE else ()


def _failure(data: Mapping[str, Any], status: Status) -> Failure | None:
    if status is Status.DEFERRED:
        return Failure.of(FailureClass.TRANSIENT, "delivery_delayed")
    if status is Status.FAILED:
        if suppressed := part(data, "suppressed"):
            words = text(suppressed, "message") or ""
            return Failure.of(FailureClass.UNREACHABLE, "suppressed", words, address_gone=True)
        reason = text(part(data, "failed"), "reason") or ""
        return Failure.of(FailureClass.PERMANENT, plain_word(reason) or "failed", reason)
    if status is not Status.BOUNCED:
        return None
    bounce = part(data, "bounce")
    kind, sub = text(bounce, "type") or "", text(bounce, "subType") or ""
    failure_class = BOUNCE_CLASSES.get(kind, FailureClass.PERMANENT)
    return Failure.of(
        failure_class,
        plain_word(sub) or plain_word(kind),
        text(bounce, "message") or "",
        address_gone=failure_class is FailureClass.UNREACHABLE and sub not in FULL,
    )


def _kept(event: Mapping[str, Any], data: Mapping[str, Any], body_bytes: int) -> Any:
    """Keep ids, codes and times; all else may hold an address or a subject."""
    bounce = part(data, "bounce")
    kept = {name: word for name in KEPT_OF_BOUNCE if (word := plain_word(text(bounce, name)))}
    return {
        **kept_fields(event, KEPT, body_bytes),
        **({"email_id": data["email_id"]} if _references(data) else {}),
        **({"bounce": kept} if kept else {}),
    }
