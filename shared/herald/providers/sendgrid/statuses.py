"""The events that SendGrid reports of a mail. SendGrid: "Event Webhook reference"."""

from __future__ import annotations

import hashlib
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
    mapping,
    moment,
    text,
)
from herald.providers.sendgrid.errors import DROP_REASONS, GONE
from herald.providers.sendgrid.inbound import NAME
from herald.providers.webhook_requests import WebhookRequest

CHANNEL = "email"
ATTEMPT_FIELD = "herald_attempt"  # the custom argument that our calls send along

STATUSES: dict[str, Status] = {
    "processed": Status.ACCEPTED,
    "deferred": Status.DEFERRED,
    "delivered": Status.DELIVERED,
    "bounce": Status.BOUNCED,  # also `type: blocked`, which costs the address nothing
    "dropped": Status.FAILED,  # never sent; by its reason
    "open": Status.READ,  # unless `sg_machine_open`: a mail client's proxy, not a person
    "click": Status.CLICKED,
    "spamreport": Status.COMPLAINED,
    "unsubscribe": Status.UNSUBSCRIBED,
    "group_unsubscribe": Status.UNSUBSCRIBED,
    "group_resubscribe": Status.OTHER,
}

KEPT = frozenset(  # of an event, for the history
    {
        *("event", "type", "status", "timestamp", "sg_event_id", "sg_message_id", "smtp-id"),
        *("bounce_classification", "sg_machine_open", "asm_group_id", "attempt", ATTEMPT_FIELD),
    }
)

_TEMPORARY = re.compile(r"\s*4\.\d")  # RFC 3463: try again later
_SOFT = re.compile(r"\s*(?:4\.\d|\d\.2\.2\b)")  # for now, or a full mailbox
_MACHINES = re.compile(r"\.(?:filter|recv)")
_SMTP_ID = re.compile(r"<([^<>@\s]+)@[^<>@\s]*ismtpd[^<>@\s]*>")  # SendGrid's own, not a sender's


def status_receipt(account: str, request: WebhookRequest, element: Any) -> AttemptReport:
    """Read one event."""
    event = mapping(element)
    word = text(event, "event")
    ours, references = carried(event.get(ATTEMPT_FIELD)), _references(event)
    if word is None:
        raise NotUnderstoodError(Reason.SHAPE)
    if ours.attempt_id is None and not references:
        raise NotUnderstoodError(Reason.NO_REFERENCE)
    status = STATUSES.get(word, Status.OTHER)
    if status is Status.READ and event.get("sg_machine_open") is True:
        status = Status.OTHER
    return AttemptReport(
        source="webhook",
        channel=CHANNEL,
        provider=NAME,
        account=account,
        attempt_id=ours.attempt_id,
        lane=ours.lane,
        references=references,
        status=status,
        event_key=_event_key(event, word),
        failure=_failure(event, status),
        occurred_at=moment(event.get("timestamp")),
        received_at=request.received_at,
        element=kept_fields(event, KEPT, len(request.body)),
    )


def _references(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the id that our call was answered with, from whichever form of it there is.

    `sg_message_id` is that id and, behind a dot, the machines that the mail passed. Ids of some
    years ago have dots themselves, as the `smtp-id` shows.
    """
    given = text(event, "sg_message_id") or ""
    machines = _MACHINES.search(given)
    found = given[: machines.start()] if machines else given.partition(".")[0]
    if not found:
        smtp_id = _SMTP_ID.search(text(event, "smtp-id") or "")
        found = smtp_id[1] if smtp_id else ""
    return (found,) if 0 < len(found) <= MAX_REFERENCE else ()


def _event_key(event: Mapping[str, Any], word: str) -> str:
    """Name the event: SendGrid repeats events often, and not all carry an id."""
    given = text(event, "sg_event_id")
    if given is not None:
        return event_key(given)
    message = text(event, "sg_message_id") or text(event, "smtp-id")
    parts = (message, text(event, "email"), word, text(event, "timestamp"), text(event, "url"))
    return hashlib.sha256("\0".join(part or "" for part in parts).encode()).hexdigest()


def _failure(event: Mapping[str, Any], status: Status) -> Failure | None:
    if status not in {Status.BOUNCED, Status.FAILED, Status.DEFERRED}:
        return None
    reason, code = text(event, "reason") or "", text(event, "status") or ""
    if status is Status.DEFERRED:
        return Failure.of(FailureClass.TRANSIENT, code, text(event, "response") or reason)
    gone = False
    if status is Status.FAILED:
        drop = reason.strip().lower()
        failure_class = DROP_REASONS.get(drop, FailureClass.PERMANENT)
        code, gone = code or "dropped", drop in GONE
    elif event.get("type") != "blocked":
        failure_class = FailureClass.UNREACHABLE
        gone = _SOFT.match(code) is None
    elif _TEMPORARY.match(code):
        failure_class = FailureClass.TRANSIENT
    else:
        failure_class = FailureClass.PERMANENT  # refused for what it is or who sent it
    return Failure.of(failure_class, code, reason, address_gone=gone)
