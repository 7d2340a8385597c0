"""What a message that Vonage's SMS API passes on says. Vonage: "Inbound SMS"."""

from __future__ import annotations

from herald.contracts.inbound import InboundPart
from herald.contracts.receipts import InboundReceipt
from herald.contracts.vocabulary import InboundKind
from herald.providers.lenient_json import (
    NotUnderstoodError,
    Reason,
    kept_inbound,
    phone,
    reference,
    text,
    whole_number,
)
from herald.providers.vonage_sms.fields import CHANNEL, NAME, Fields
from herald.providers.vonage_sms.statuses import event_time
from herald.providers.webhook_requests import WebhookRequest

KINDS: dict[str, InboundKind] = {"text": InboundKind.TEXT, "unicode": InboundKind.TEXT}


def inbound_receipt(account: str, request: WebhookRequest, fields: Fields) -> InboundReceipt:
    """Read a message, or one piece of a long one; bytes without text stay in the element."""
    sender = text(fields, "msisdn")
    if sender is None:
        raise NotUnderstoodError(Reason.SHAPE)
    recipient = text(fields, "to")
    return InboundReceipt(
        content=KINDS.get(fields.get("type", "text"), InboundKind.OTHER),
        text=text(fields, "text"),
        part=_part(fields),
        channel=CHANNEL,
        provider=NAME,
        account=account,
        reference=reference(fields, "messageId"),
        sender=phone(sender) or sender,
        recipient=None if recipient is None else phone(recipient) or recipient,
        occurred_at=event_time(fields),
        received_at=request.received_at,
        element=kept_inbound(dict(fields), len(request.body) + len(request.query)),
    )


def _part(fields: Fields) -> InboundPart | None:
    """Read which piece it is; without all three fields nobody could put them together."""
    number, total = (
        whole_number(fields.get("concat-part")),
        whole_number(fields.get("concat-total")),
    )
    together = text(fields, "concat-ref")
    if fields.get("concat", "").lower() != "true" or together is None or not number or not total:
        return None
    return InboundPart(reference=together, number=number, total=total)
