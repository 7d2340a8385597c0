"""The events that Amazon SES reports of a mail, each for every recipient that it names.

SES: "Contents of event data that Amazon SES publishes to Amazon SNS", "Amazon SNS notification
contents".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
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
    part,
    text,
)
from herald.providers.ses.errors import BOUNCE_CLASSES, GONE
from herald.providers.ses.names import ATTEMPT_TAG, CHANNEL, PROVIDER, tag_of
from herald.providers.webhook_requests import WebhookRequest

# by `eventType` or `notificationType`
STATUSES: dict[str, Status] = {
    "Send": Status.SENT,
    "Delivery": Status.DELIVERED,
    "Open": Status.READ,
    "Click": Status.CLICKED,
    "Bounce": Status.BOUNCED,
    "Complaint": Status.COMPLAINED,  # or `failed`, if SES did not try for an earlier one
    "DeliveryDelay": Status.DEFERRED,
    "Reject": Status.FAILED,  # taken, and found to hold a virus
    "Rendering Failure": Status.FAILED,
    "Subscription": Status.UNSUBSCRIBED,  # if of all topics; else `other`
}

# where an event says more, if it is not its word in small letters
_DETAILS = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
# the recipients that a part names: objects, or addresses alone
_RECIPIENTS = {
    "Bounce": "bouncedRecipients",
    "Complaint": "complainedRecipients",
    "DeliveryDelay": "delayedRecipients",
    "Delivery": "recipients",
}
_SUPPRESSED = "OnAccountSuppressionList"  # of a complaint: an earlier one
_FAILED = frozenset({Status.BOUNCED, Status.FAILED, Status.DEFERRED})
KEPT = (  # of what an event says, for the history
    *("timestamp", "bounceType", "bounceSubType", "feedbackId", "complaintSubType"),
    *("complaintFeedbackType", "delayType", "expirationTime", "processingTimeMillis"),
    *("reportingMTA", "templateName", "contactList", "source"),
)


class Said:
    """An event of one mail, taken apart; `recipient` is an object, an address or nothing."""

    def __init__(self, event: Mapping[str, Any], word: str, recipient: Any) -> None:
        self.word = word
        self.mail = part(event, "mail")
        self.details = part(event, _DETAILS.get(word, word.lower()))
        self.of_recipient = recipient if isinstance(recipient, dict) else {}
        address = recipient if isinstance(recipient, str) else None
        self.address = text(self.of_recipient, "emailAddress") or address

    @property
    def at(self) -> datetime | None:
        """When it happened; of a `Send` when the mail was taken."""
        return iso_moment(self.details.get("timestamp")) or iso_moment(self.mail.get("timestamp"))


def word_of(event: Mapping[str, Any]) -> str | None:
    """Return what an event is: published ones and feedback call it differently."""
    return text(event, "eventType") or text(event, "notificationType")


def recipients_of(event: Mapping[str, Any], word: str) -> list[Any]:
    """Return whom an event is about: those that its part names, or all of the mail's."""
    details = part(event, _DETAILS.get(word, word.lower()))
    for found in (details.get(_RECIPIENTS.get(word, "")), part(event, "mail").get("destination")):
        if isinstance(found, list) and found:
            return found
    return [None]


def status_receipt(
    account: str,
    request: WebhookRequest,
    message_id: str,
    said: Said,
    *,
    ignores_foreign: bool,
) -> AttemptReport:
    """Read an event for one recipient; `message_id` is that of SNS, the same when it is repeated.

    `ignores_foreign`: one of a mail that Herald did not send is dropped.
    """
    ours = carried(tag_of(part(said.mail, "tags").get(ATTEMPT_TAG)))
    reference = text(said.mail, "messageId")
    if ours.attempt_id is None and ignores_foreign:
        raise NotForHeraldError
    if ours.attempt_id is None and reference is None:
        raise NotUnderstoodError(Reason.NO_REFERENCE)
    if reference is not None and len(reference) > MAX_REFERENCE:
        raise NotUnderstoodError(Reason.SHAPE)
    status = _status(said)
    return AttemptReport(
        source="webhook",
        channel=CHANNEL,
        provider=PROVIDER,
        account=account,
        attempt_id=ours.attempt_id,
        lane=ours.lane,
        references=() if reference is None else (reference,),
        status=status,
        event_key=event_key(message_id, _short(said.address)),
        failure=_failure(said) if status in _FAILED else None,
        occurred_at=said.at,
        received_at=request.received_at,
        element=dict(_kept(said)),
    )


def _status(said: Said) -> Status:
    status = STATUSES.get(said.word, Status.OTHER)
    if status is Status.COMPLAINED and said.details.get("complaintSubType") == _SUPPRESSED:
        return Status.FAILED
    if status is Status.UNSUBSCRIBED:
        wishes = part(said.details, "newTopicPreferences")
        return status if wishes.get("unsubscribeAll") is True else Status.OTHER
    return status


def _failure(said: Said) -> Failure:
    details, words = said.details, text(said.of_recipient, "diagnosticCode")
    match said.word:
        case "Bounce":
            kind = (text(details, "bounceType") or "", text(details, "bounceSubType") or "")
            code = text(said.of_recipient, "status") or "/".join(filter(None, kind))
            failure_class = BOUNCE_CLASSES.get(kind, FailureClass.UNREACHABLE)
            return Failure.of(failure_class, code, words or "", address_gone=kind in GONE)
        case "DeliveryDelay":
            code = text(said.of_recipient, "status") or text(details, "delayType") or ""
            return Failure.of(FailureClass.TRANSIENT, code, words or "")
        case "Complaint":
            return Failure.of(FailureClass.UNREACHABLE, _SUPPRESSED)
        case _:
            words = text(details, "reason") or text(details, "errorMessage")
            return Failure.of(FailureClass.PERMANENT, said.word, words or "")


def _kept(said: Said) -> Iterator[tuple[str, Any]]:
    yield "event", said.word
    yield "messageId", text(said.mail, "messageId")
    for name in KEPT:
        if (value := text(said.details, name)) is not None:
            yield name, value[:MAX_REFERENCE]
    for name in ("action", "status"):
        if (value := text(said.of_recipient, name)) is not None:
            yield name, value[:MAX_REFERENCE]


def _short(address: str | None) -> str:
    """Name a recipient in a key, where no address should stand."""
    return hashlib.sha256(address.encode()).hexdigest()[:16] if address else ""
