"""What Amazon SES reports.

Source: SES, "Contents of event data", "Contents of notifications for email receiving".
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from sandbox.behaviours import Status

# by the event's type, what it says beside time and recipient
EVENTS: dict[Status, tuple[str, dict[str, Any]]] = {
    Status.SENT: ("Send", {}),
    Status.DELIVERED: ("Delivery", {"smtpResponse": "250 ok", "processingTimeMillis": 546}),
    Status.READ: ("Open", {"ipAddress": "192.0.2.1", "userAgent": "Mozilla/5.0"}),
    Status.CLICKED: ("Click", {"ipAddress": "192.0.2.1", "link": "https://example.com/"}),
    Status.DEFERRED: ("DeliveryDelay", {"delayType": "TransientCommunicationFailure"}),
    Status.BOUNCED: ("Bounce", {"bounceType": "Permanent", "bounceSubType": "NoEmail"}),
    Status.FAILED: ("Reject", {"reason": "Bad content"}),
}
_PARTS = {"DeliveryDelay": "deliveryDelay"}  # all others are their type in small letters
_RECIPIENTS = {"DeliveryDelay": "delayedRecipients", "Bounce": "bouncedRecipients"}
_REASON = {"status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that was taken, as its events name it."""

    reference: str
    to: str
    sender: str
    tags: dict[str, list[str]]


def event_of(mail: Mail, status: Status) -> dict[str, Any]:
    """Write the event of a status."""
    kind, said = EVENTS[status]
    details = {**said, "timestamp": _now()}
    if kind in _RECIPIENTS:
        details[_RECIPIENTS[kind]] = [{"emailAddress": mail.to, **_REASON}]
    elif kind == "Delivery":
        details["recipients"] = [mail.to]
    return {
        "eventType": kind,
        _PARTS.get(kind, kind.lower()): details,
        "mail": {
            "timestamp": _now(),
            "messageId": mail.reference,
            "source": mail.sender,
            "destination": [mail.to],
            "tags": mail.tags,
        },
    }


def received_of(sender: str, recipient: str, text: str, answered: str = "") -> dict[str, Any]:
    """Write the notification of a mail that somebody sent, the mail with it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, "Re:"
    mail["Message-ID"] = f"<{uuid.uuid4().hex}@mail.example.org>"
    if answered:
        mail["In-Reply-To"] = mail["References"] = answered
    mail.set_content(text)
    return {
        "notificationType": "Received",
        "receipt": {
            "timestamp": _now(),
            "recipients": [recipient],
            "action": {"type": "SNS", "encoding": "UTF8"},
        },
        "mail": {"timestamp": _now(), "source": sender, "messageId": uuid.uuid4().hex},
        "content": mail.as_string(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
