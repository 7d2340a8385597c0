"""A recipient who asked for no more mails, where no mail of ours is named.

Postmark: "Subscription change webhook"; a suppression made by hand has no message.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from herald.contracts.inbound import InboundPreference
from herald.contracts.receipts import InboundReceipt
from herald.contracts.vocabulary import InboundKind, PreferenceValue
from herald.providers.lenient_json import (
    NotForHeraldError,
    NotUnderstoodError,
    Reason,
    kept_inbound,
    text,
)
from herald.providers.postmark.names import CHANNEL, PROVIDER
from herald.providers.postmark.statuses import MANUAL, time_of
from herald.providers.webhook_requests import WebhookRequest

_NAMES = ("Recipient", "MessageStream", "ChangedAt", "Origin")  # of what makes one choice


def preference_receipt(
    account: str, request: WebhookRequest, event: Mapping[str, Any]
) -> InboundReceipt:
    """Read one change. One that a bounce, a complaint or an operator made says nothing new."""
    sender = text(event, "Recipient")
    if sender is None:
        raise NotUnderstoodError(Reason.SHAPE)
    if event.get("SuppressSending") is not True or text(event, "SuppressionReason") != MANUAL:
        raise NotForHeraldError
    parts = (text(event, name) or "" for name in _NAMES)
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return InboundReceipt(
        content=InboundKind.PREFERENCE,
        preference=InboundPreference(
            value=PreferenceValue.STOP, category=text(event, "MessageStream")
        ),
        channel=CHANNEL,
        provider=PROVIDER,
        account=account,
        reference=f"preference:{key}",  # hashed: it becomes the event's subject
        sender=sender,
        occurred_at=time_of(event),
        received_at=request.received_at,
        element=kept_inbound(event, len(request.body)),
    )
