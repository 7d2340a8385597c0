"""The events that Mailgun reports of a mail. Mailgun: "Event structure"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.lenient_json import (
    MAX_REFERENCE,
    NotUnderstoodError,
    Reason,
    carried,
    event_key,
    kept_fields,
    moment,
    part,
    plain_word,
    text,
)
from herald.providers.mailgun.errors import FAILURE_REASONS, GONE
from herald.providers.webhook_requests import WebhookRequest

NAME = "mailgun"
CHANNEL = "email"
ATTEMPT_FIELD = "herald_attempt"  # the user variable that our calls send along

STATUSES: dict[str, Status] = {
    "accepted": Status.ACCEPTED,
    "delivered": Status.DELIVERED,
    "failed": Status.BOUNCED,  # with `severity` temporary: deferred
    "rejected": Status.FAILED,  # by Mailgun, before it was sent
    "opened": Status.READ,  # unless `client-info.bot`: a program's, not a person's
    "clicked": Status.CLICKED,  # likewise
    "unsubscribed": Status.UNSUBSCRIBED,
    "complained": Status.COMPLAINED,
    "stored": Status.OTHER,
}
KEPT = frozenset({"event", "id", "timestamp", "severity", "reason", "log-level"})
KEPT_OF_DELIVERY = ("code", "enhanced-code", "attempt-no", "bounce-type", "retry-seconds")
_FULL = re.compile(r"\b[45]\.2\.2\b")  # RFC 3463: a full mailbox is not gone


def status_receipt(
    account: str, request: WebhookRequest, token: str, event: Mapping[str, Any]
) -> AttemptReport:
    """Read one event; `token` names the webhook, for an event's id may come again another day."""
    word = text(event, "event")
    variables, references = part(event, "user-variables"), _references(event)
    ours = carried(variables.get(ATTEMPT_FIELD))
    if word is None:
        raise NotUnderstoodError(Reason.SHAPE)
    if ours.attempt_id is None and not references:
        raise NotUnderstoodError(Reason.NO_REFERENCE)
    status = _status(event, word)
    return AttemptReport(
        source="webhook",
        channel=CHANNEL,
        provider=NAME,
        account=account,
        attempt_id=ours.attempt_id,
        lane=ours.lane,
        references=references,
        status=status,
        event_key=event_key(token),
        failure=_failure(event, status),
        occurred_at=moment(event.get("timestamp")),
        received_at=request.received_at,
        element=_kept(event, len(request.body)),
    )


def _status(event: Mapping[str, Any], word: str) -> Status:
    status = STATUSES.get(word, Status.OTHER)
    if status is Status.BOUNCED and event.get("severity") == "temporary":
        return Status.DEFERRED
    if status in {Status.READ, Status.CLICKED} and text(part(event, "client-info"), "bot"):
        return Status.OTHER
    return status


def _references(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the id that our call was answered with, which has no brackets here."""
    given = text(part(part(event, "message"), "headers"), "message-id") or ""
    found = given.strip("<>")
    return (found,) if 0 < len(found) <= MAX_REFERENCE else ()


def _failure(event: Mapping[str, Any], status: Status) -> Failure | None:
    if status not in {Status.BOUNCED, Status.FAILED, Status.DEFERRED}:
        return None
    delivery, reason = part(event, "delivery-status"), text(event, "reason") or ""
    words = text(delivery, "message") or text(delivery, "description") or ""
    code = plain_word(text(delivery, "code")) or plain_word(reason)
    if status is Status.DEFERRED:
        return Failure.of(FailureClass.TRANSIENT, code, words)
    if status is Status.FAILED:
        rejected = text(part(event, "reject"), "reason") or reason
        return Failure.of(FailureClass.PERMANENT, "rejected", rejected)
    return Failure.of(
        FAILURE_REASONS.get(reason, FailureClass.PERMANENT),
        code,
        words,
        address_gone=reason in GONE and _FULL.search(words) is None,
    )


def _kept(event: Mapping[str, Any], body_bytes: int) -> Any:
    """Keep ids and codes: headers, envelope and the reply's text hold addresses."""
    delivery = part(event, "delivery-status")
    kept = {name: delivery[name] for name in KEPT_OF_DELIVERY if name in delivery}
    return {**kept_fields(event, KEPT, body_bytes), **({"delivery-status": kept} if kept else {})}
