"""Receipts as workers and webhooks report them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from herald.contracts.receipts import AccountReceipt, AttemptReceipt, InboundReceipt
from herald.contracts.vocabulary import AccountTopic, InboundKind, Receipts, Status
from herald.contracts.work import Work

PROVIDERS = {
    "whatsapp": ("whatsapp_cloud", "wa-main"),
    "sms": ("twilio", "twilio-main"),
    "email": ("sendgrid", "sendgrid-main"),
}


def receipt(work: Work, status: Status, **changes: Any) -> AttemptReceipt:
    """Make the receipt of a worker or a webhook about some work."""
    provider, account = PROVIDERS[work.channel]
    fields: dict[str, Any] = {
        "source": "channel",
        "channel": work.channel,
        "provider": provider,
        "account": account,
        "attempt_id": work.attempt_id,
        "references": (f"ref-{work.attempt_id}",),
        "status": status,
        "event_key": f"dispatch:{work.dispatch}",
        "dispatch": work.dispatch,
        "receipts": Receipts.READ if status is Status.ACCEPTED else None,
        "received_at": datetime.now(UTC),
    }
    return AttemptReceipt(**fields | changes)


def webhook(work: Work, status: Status, **changes: Any) -> AttemptReceipt:
    """Make a webhook's receipt that knows only the provider's id."""
    fields = {"source": "webhook", "attempt_id": None, "event_key": "1", "dispatch": None}
    return receipt(work, status, **fields | changes)


def inbound(**changes: Any) -> InboundReceipt:
    """Make ingress's receipt of a recipient's message, a new one each time."""
    fields: dict[str, Any] = {
        "channel": "whatsapp",
        "provider": "whatsapp_cloud",
        "account": "wa-main",
        "reference": f"wamid.{uuid.uuid4().hex}",
        "sender": "+15550002222",
        "content": InboundKind.TEXT,
        "text": "Thanks",
        "received_at": datetime.now(UTC),
        "element": {"type": "text", "text": {"body": "Thanks"}, "of": ["tomorrow"]},
    }
    return InboundReceipt(**fields | changes)


def account_news(**changes: Any) -> AccountReceipt:
    """Make ingress's receipt about an account, something new each time."""
    fields: dict[str, Any] = {
        "topic": AccountTopic.TEMPLATE_STATUS,
        "name": "message_template_status_update",
        "status": "APPROVED",
        "template": {"name": "order_update", "language": "en"},
        "channel": "whatsapp",
        "provider": "whatsapp_cloud",
        "account": "wa-raw",
        "event_key": uuid.uuid4().hex,
        "received_at": datetime.now(UTC),
        "element": {"field": "message_template_status_update", "value": {"event": "APPROVED"}},
    }
    return AccountReceipt(**fields | changes)
