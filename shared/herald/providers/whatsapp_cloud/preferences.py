"""What WhatsApp users want of messages to come. Meta: "user_preferences webhook reference"."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from herald.contracts.inbound import InboundPreference
from herald.contracts.receipts import InboundReceipt
from herald.contracts.vocabulary import InboundKind, PreferenceValue
from herald.providers.lenient_json import (
    NotUnderstoodError,
    Reason,
    kept_inbound,
    mapping,
    moment,
    sequence,
    text,
)
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.whatsapp_cloud.inbound_messages import own_number, sender_named
from herald.providers.whatsapp_cloud.names import CHANNEL, PROVIDER

VALUES: dict[str, PreferenceValue] = {
    "stop": PreferenceValue.STOP,
    "resume": PreferenceValue.RESUME,
}
_NAMES = ("wa_id", "user_id", "category", "value", "timestamp")  # of what makes one choice


def preference_receipt(
    account: str, request: WebhookRequest, value: Mapping[str, Any], element: Any
) -> InboundReceipt:
    """Read one user's choice."""
    preference = mapping(element)
    word = text(preference, "value")
    if word is None:
        raise NotUnderstoodError(Reason.SHAPE)
    number, user = text(preference, "wa_id"), text(preference, "user_id")
    sender = sender_named(number, user, sequence(value.get("contacts")))
    return InboundReceipt(
        content=InboundKind.PREFERENCE,
        text=text(preference, "detail"),
        preference=InboundPreference(
            value=VALUES.get(word, PreferenceValue.OTHER), category=text(preference, "category")
        ),
        channel=CHANNEL,
        provider=PROVIDER,
        account=account,
        reference=_key(preference),
        sender=sender.address,
        sender_id=sender.user_id,
        recipient=own_number(value),
        profile_name=sender.profile_name,
        username=sender.username,
        occurred_at=moment(preference.get("timestamp")),
        received_at=request.received_at,
        element=kept_inbound(preference, len(request.body)),
    )


def _key(preference: Mapping[str, Any]) -> str:
    """Name a choice by who made it, what it is and when: Meta gives it no id.

    Hashed, for it becomes the event's subject, where no number should stand.
    """
    parts = (text(preference, name) or "" for name in _NAMES)
    return "preference:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()
