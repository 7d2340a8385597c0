"""Postmark's webhooks.

Source: Postmark, "Webhooks" and "Bounce API".
"""

from __future__ import annotations

import base64
import json
import random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from pydantic import SecretStr

from sandbox.behaviours import Status
from sandbox.settings import Section, Url
from sandbox.webhooks import Webhook, WebhookFactory

RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds; the real ones take hours
SUCCESS = (200, 403)  # after which Postmark does not try again
_BOUNCE = {
    "RecordType": "Bounce",
    "Type": "HardBounce",
    "TypeCode": 1,
    "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
    "Inactive": True,
    "CanActivate": True,
}
# what is said of each status; None: Postmark reports none
EVENTS: dict[Status, dict[str, Any] | None] = {
    Status.SENT: None,
    Status.DELIVERED: {"RecordType": "Delivery", "Details": "250 OK"},
    Status.READ: {"RecordType": "Open", "FirstOpen": True, "UserAgent": "Mozilla/5.0"},
    Status.CLICKED: {"RecordType": "Click", "OriginalLink": "https://example.com/"},
    Status.DEFERRED: {**_BOUNCE, "Type": "Transient", "TypeCode": 2, "Inactive": False},
    Status.BOUNCED: _BOUNCE,
    Status.FAILED: {**_BOUNCE, "Type": "BadEmailAddress", "TypeCode": 100_000},
}
TIMES = {"Delivery": "DeliveredAt", "Bounce": "BouncedAt"}  # of all others: ReceivedAt


class PostmarkServer(Section):
    """A server at Postmark; `webhook_login`: the `user:password` of its webhooks' URL."""

    server_token: SecretStr
    webhook_login: SecretStr
    webhook_url: Url


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that was taken, as its events name it."""

    reference: str
    to: str
    stream: str
    metadata: dict[str, str]
    message_id: str  # its header


def event_of(mail: Mail, status: Status) -> dict[str, Any] | None:
    """Write the event of a status; None: Postmark reports none."""
    said = EVENTS[status]
    if said is None:
        return None
    kind: str = said["RecordType"]
    event = {
        **said,
        "MessageID": mail.reference,
        "MessageStream": mail.stream,
        "Metadata": mail.metadata,
        "ServerID": 23,
        TIMES.get(kind, "ReceivedAt"): _now(),
    }
    if kind == "Bounce":
        return {**event, "ID": random.getrandbits(40), "Email": mail.to}
    return {**event, "Recipient": mail.to}


def inbound_of(sender: str, recipient: str, text: str, in_reply_to: str = "") -> dict[str, Any]:
    """Write what is said of a mail that somebody sent."""
    headers = {"Message-ID": f"<{uuid.uuid4().hex}@mail.example.org>"}
    if in_reply_to:
        headers |= {"In-Reply-To": in_reply_to, "References": in_reply_to}
    return {
        "FromFull": {"Email": sender, "Name": "", "MailboxHash": ""},
        "From": sender,
        "To": recipient,
        "ToFull": [{"Email": recipient, "Name": "", "MailboxHash": ""}],
        "OriginalRecipient": recipient,
        "Subject": "Re:",
        "MessageID": str(uuid.uuid4()),
        "Date": format_datetime(datetime.now(UTC)),
        "TextBody": text,
        "HtmlBody": "",
        "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
        "Attachments": [],
    }


def posted(server: PostmarkServer, event: dict[str, Any]) -> WebhookFactory:
    """Post an event, with the login of the server."""
    login = base64.b64encode(server.webhook_login.get_secret_value().encode()).decode()
    webhook = Webhook(
        url=server.webhook_url,
        headers={"Content-Type": "application/json", "Authorization": f"Basic {login}"},
        body=json.dumps(event).encode(),
        retries=RETRIES,
        final_statuses=SUCCESS,
    )
    return lambda: webhook


def _now() -> str:
    """Write the time as Postmark does: seven digits behind the point."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
