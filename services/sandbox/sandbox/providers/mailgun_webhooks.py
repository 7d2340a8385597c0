"""Mailgun's webhooks: events as JSON, and the mails of a route as a form.

Source: Mailgun, "Event structure", "Securing webhooks", "Webhooks: retries" and "Receiving,
forwarding and storing".
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from sandbox.behaviours import Failure, Status
from sandbox.settings import Section, Url
from sandbox.webhooks import Webhook, WebhookFactory

RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds; the real ones go on for 8 hours
FINAL = frozenset({200, 406})
FAILURES: dict[Failure, int] = {Failure.UNKNOWN_RECIPIENT: 400}  # as HTTP status
EVENTS: dict[Status, dict[str, Any]] = {
    Status.SENT: {"event": "accepted"},
    Status.DELIVERED: {"event": "delivered", "delivery-status": {"code": 250, "message": "OK"}},
    Status.READ: {"event": "opened", "client-info": {"client-type": "browser", "bot": ""}},
    Status.CLICKED: {"event": "clicked", "url": "https://example.com/", "client-info": {"bot": ""}},
    Status.DEFERRED: {
        "event": "failed",
        "severity": "temporary",
        "reason": "generic",
        "delivery-status": {"code": 451, "message": "4.7.1 try again later", "attempt-no": 1},
    },
    Status.BOUNCED: {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "delivery-status": {"code": 550, "message": "5.1.1 no such user", "attempt-no": 1},
    },
    Status.FAILED: {
        "event": "failed",
        "severity": "permanent",
        "reason": "suppress-bounce",
        "delivery-status": {"code": 605, "message": "Not delivering to previously bounced address"},
    },
}


class MailgunDomain(Section):
    """A sending domain; its signing key signs its webhooks."""

    domain: str
    api_key: SecretStr
    signing_key: SecretStr
    webhook_url: Url


def signature(domain: MailgunDomain, token: str) -> dict[str, str]:
    """Sign a webhook now."""
    timestamp = str(int(time.time()))
    key = domain.signing_key.get_secret_value().encode()
    digest = hmac.new(key, (timestamp + token).encode(), "sha256").hexdigest()
    return {"timestamp": timestamp, "token": token, "signature": digest}


def event_webhook(
    domain: MailgunDomain, reference: str, to: str, variables: Mapping[str, str], status: Status
) -> WebhookFactory:
    """Report an event; a repeat has the same token."""
    token = secrets.token_hex(25)
    event = {
        "id": uuid.uuid4().hex[:22],
        "timestamp": time.time(),
        "log-level": "info",
        "recipient": to,
        "message": {"headers": {"message-id": reference, "to": to}},
        "user-variables": dict(variables),
        **EVENTS[status],
    }

    def make() -> Webhook:
        document = {"signature": signature(domain, token), "event-data": event}
        body = json.dumps(document).encode()
        return _webhook(domain, "application/json", body)

    return make


def inbound_webhook(
    domain: MailgunDomain, sender: str, text: str, fields: Mapping[str, Any]
) -> WebhookFactory:
    """Pass on a mail of a recipient's; `fields` replace and add."""
    token = secrets.token_hex(25)
    form = {
        "recipient": f"in@{domain.domain}",
        "sender": sender,
        "from": sender,
        "subject": "Re: your message",
        "body-plain": text,
        "stripped-text": text,
        "Message-Id": f"<{uuid.uuid4().hex}@mail.example.org>",
        **{name: str(value) for name, value in fields.items()},
    }

    def make() -> Webhook:
        body = urlencode({**form, **signature(domain, token)}).encode()
        return _webhook(domain, "application/x-www-form-urlencoded", body)

    return make


def _webhook(domain: MailgunDomain, content_type: str, body: bytes) -> Webhook:
    return Webhook(
        url=domain.webhook_url,
        headers={"Content-Type": content_type},
        body=body,
        retries=RETRIES,
        final_statuses=FINAL,
    )
