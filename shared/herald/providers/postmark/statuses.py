"""The events that Postmark reports of a mail. Postmark: "Webhooks", "Bounce API"."""

from __future__ import annotations

import hashlib
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
    text,
)
from herald.providers.postmark.errors import BOUNCE_CLASSES, GONE
from herald.providers.postmark.names import CHANNEL, PROVIDER
from herald.providers.webhook_requests import WebhookRequest

ATTEMPT_FIELD = "herald_attempt"  # of the metadata that our calls send along
NO_MESSAGE = "00000000-0000-0000-0000-000000000000"  # of what is about an address alone

# by `RecordType`
STATUSES: dict[str, Status] = {
    "Delivery": Status.DELIVERED,
    "Bounce": Status.BOUNCED,  # or as its `Type` says
    "SpamComplaint": Status.COMPLAINED,
    "Open": Status.READ,
    "Click": Status.CLICKED,
    "SubscriptionChange": Status.UNSUBSCRIBED,  # if the recipient asked to be left alone
}

# by a bounce's `Type`
BOUNCES: dict[str, Status] = {
    "HardBounce": Status.BOUNCED,
    "SoftBounce": Status.BOUNCED,
    "VirusNotification": Status.BOUNCED,
    "Transient": Status.DEFERRED,
    "DnsError": Status.DEFERRED,
    "OpenRelayTest": Status.DEFERRED,
    "BadEmailAddress": Status.FAILED,
    "ManuallyDeactivated": Status.FAILED,
    "Blocked": Status.FAILED,
    "DMARCPolicy": Status.FAILED,
    "Unconfirmed": Status.FAILED,
    "SMTPApiError": Status.FAILED,
    "TemplateRenderingFailed": Status.FAILED,
    "SpamNotification": Status.COMPLAINED,
    "SpamComplaint": Status.COMPLAINED,
    "Unsubscribe": Status.UNSUBSCRIBED,
    "ManualSuppression": Status.UNSUBSCRIBED,
    "AutoResponder": Status.OTHER,  # it arrived: an absence is no failure
    "AddressChange": Status.OTHER,
    "ChallengeVerification": Status.OTHER,
    "Subscribe": Status.OTHER,
    "InboundError": Status.OTHER,
    "Unknown": Status.OTHER,
}

MANUAL = "ManualSuppression"  # a subscription change that no bounce and no complaint made
TIMES = ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")
KEPT = frozenset(  # of an event, for the history
    {
        *("RecordType", "ID", "Type", "TypeCode", "MessageID", "MessageStream", "Metadata"),
        *("ServerID", "ServerId", "Inactive", "CanActivate", "FirstOpen", "Origin"),
        *("SuppressSending", "SuppressionReason", *TIMES),
    }
)


def status_receipt(
    account: str,
    request: WebhookRequest,
    event: Mapping[str, Any],
    word: str,
    *,
    ignores_foreign: bool,
) -> AttemptReport:
    """Read one event; `ignores_foreign`: one of a mail that Herald did not send is dropped."""
    ours, references = carried(part(event, "Metadata").get(ATTEMPT_FIELD)), references_of(event)
    if ours.attempt_id is None and ignores_foreign:
        raise NotForHeraldError
    if ours.attempt_id is None and not references:
        raise NotUnderstoodError(Reason.NO_REFERENCE)
    status = _status(event, word)
    kept = {name: value for name, value in event.items() if name != "Metadata"}
    kept["Metadata"] = {ATTEMPT_FIELD: ours.attempt_id}  # what else stands there is not ours
    return AttemptReport(
        source="webhook",
        channel=CHANNEL,
        provider=PROVIDER,
        account=account,
        attempt_id=ours.attempt_id,
        lane=ours.lane,
        references=references,
        status=status,
        event_key=_event_key(event, word),
        failure=_failure(event, status),
        occurred_at=time_of(event),
        received_at=request.received_at,
        element=kept_fields(kept, KEPT, len(request.body)),
    )


def references_of(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the id that our call was answered with; none where it is about an address alone."""
    found = text(event, "MessageID") or NO_MESSAGE
    return () if found == NO_MESSAGE or len(found) > MAX_REFERENCE else (found,)


def time_of(event: Mapping[str, Any]) -> Any:
    """Return when it happened."""
    return next((iso_moment(event[name]) for name in TIMES if name in event), None)


def _status(event: Mapping[str, Any], word: str) -> Status:
    if word == "Bounce":
        return BOUNCES.get(text(event, "Type") or "", Status.OTHER)
    if word == "SubscriptionChange":
        asked = event.get("SuppressSending") is True and text(event, "SuppressionReason") == MANUAL
        return Status.UNSUBSCRIBED if asked else Status.OTHER
    return STATUSES.get(word, Status.OTHER)


def _failure(event: Mapping[str, Any], status: Status) -> Failure | None:
    if status not in {Status.BOUNCED, Status.FAILED, Status.DEFERRED}:
        return None
    kind = text(event, "Type") or ""
    return Failure.of(
        BOUNCE_CLASSES.get(kind, FailureClass.PERMANENT),
        kind,
        text(event, "Details") or text(event, "Description") or "",
        address_gone=kind in GONE,
    )


def _event_key(event: Mapping[str, Any], word: str) -> str:
    """Name the event: a bounce has an id, the others are what happened to whom, when and where."""
    number = text(event, "ID")
    if number is not None:
        return event_key(word, number)
    fields = ("MessageID", "Recipient", *TIMES, "OriginalLink", "SuppressSending")
    parts = (word, *(str(event.get(name) or "") for name in fields))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
