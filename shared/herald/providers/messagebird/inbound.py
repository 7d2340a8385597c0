"""What a message that MessageBird passes on says. MessageBird: "SMS API, receive a message"."""

from __future__ import annotations

from herald.contracts.inbound import InboundContent, InboundMedia
from herald.contracts.receipts import InboundReceipt
from herald.contracts.vocabulary import InboundKind
from herald.providers.lenient_json import (
    NotUnderstoodError,
    Reason,
    kept_inbound,
    phone,
    reference,
    text,
)
from herald.providers.messagebird.fields import CHANNEL, NAME, Fields, time_of
from herald.providers.webhook_requests import WebhookRequest

MAX_FILES = 20


def inbound_receipt(
    account: str, request: WebhookRequest, fields: Fields, files: list[str]
) -> InboundReceipt:
    """Read a message to a number, or to a short code, whose fields have other names."""
    sender = text(fields, "originator")
    if sender is None:
        raise NotUnderstoodError(Reason.SHAPE)
    recipient = text(fields, "recipient") or ""
    return InboundReceipt(
        **dict(_content(fields, files)),
        channel=CHANNEL,
        provider=NAME,
        account=account,
        reference=reference(fields, "id" if text(fields, "id") else "mid"),
        sender=phone(sender) or sender,
        recipient=phone(recipient) or recipient or text(fields, "shortcode"),
        occurred_at=time_of(fields.get("createdDatetime") or fields.get("receive_datetime")),
        received_at=request.received_at,
        element=kept_inbound(dict(fields), len(request.body) + len(request.query)),
    )


def _content(fields: Fields, files: list[str]) -> InboundContent:
    media = [InboundMedia(reference=url, url=url) for url in files[:MAX_FILES] if url]
    return InboundContent(
        content=InboundKind.MEDIA if media else InboundKind.TEXT,
        text=text(fields, "body") or text(fields, "message"),
        media=media,
    )
