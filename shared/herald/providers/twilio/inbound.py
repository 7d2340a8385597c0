"""What a message that Twilio passes on says. Twilio: "Twilio's request to your webhook URL"."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Literal

from herald.contracts.inbound import (
    InboundChoice,
    InboundContent,
    InboundLocation,
    InboundMedia,
    InboundReferral,
)
from herald.contracts.receipts import InboundReceipt
from herald.contracts.vocabulary import ChoiceKind, InboundKind
from herald.providers.lenient_json import (
    NotUnderstoodError,
    Reason,
    kept_inbound,
    text,
    whole_number,
)
from herald.providers.twilio.messages import NAME, Fields, address_of, message_id, of_channel
from herald.providers.webhook_requests import WebhookRequest

MAX_MEDIA = 10

KEYWORDS: dict[str, Literal["stop", "start", "help"]] = {
    "STOP": "stop",
    "START": "start",
    "HELP": "help",
}

_SHORTEST_ENCODED = 64


def inbound_receipt(
    accounts: Mapping[str, str], request: WebhookRequest, fields: Fields
) -> InboundReceipt:
    """Read a message. Where no account serves its channel it is of another one of its SID."""
    network, sender = address_of(text(fields, "From"))
    if sender is None:
        raise NotUnderstoodError(Reason.SHAPE)
    channel, account = of_channel(accounts, network)
    if not channel:
        raise NotUnderstoodError(Reason.OTHER_CHANNEL)
    return InboundReceipt(
        **dict(content_of(fields)),
        channel=channel,
        provider=NAME,
        account=account or next(iter(accounts.values())),
        reference=message_id(fields),
        sender=sender,
        sender_id=text(fields, "ExternalUserId"),
        recipient=address_of(text(fields, "To"))[1],
        in_reply_to=text(fields, "OriginalRepliedMessageSid"),
        profile_name=text(fields, "ProfileName"),
        keyword=KEYWORDS.get((text(fields, "OptOutType") or "").upper()),
        received_at=request.received_at,
        element=kept_inbound(fields, len(request.body)),
    )


def content_of(fields: Fields) -> InboundContent:
    """Read what a message says; fields of WhatsApp and RCS are absent from an SMS."""
    media, location, choice = _media(fields), _location(fields), _choice(fields)
    words = _decoded(text(fields, "Body"))
    if location is not None and words is None:
        words = f"geo:{location.latitude},{location.longitude}"
    return InboundContent(
        content=_kind(media, location, choice),
        text=words or (choice.title if choice else None),
        payload=text(fields, "InteractiveData") or (choice.id if choice else None),
        media=media,
        location=location,
        choice=choice,
        referral=_referral(fields),
        forwarded=_is_set(fields, "Forwarded"),
        frequently_forwarded=_is_set(fields, "FrequentlyForwarded"),
    )


def _kind(
    media: list[InboundMedia], location: InboundLocation | None, choice: InboundChoice | None
) -> InboundKind:
    if choice is not None:
        is_button = choice.kind is ChoiceKind.QUICK_REPLY
        return InboundKind.BUTTON if is_button else InboundKind.INTERACTIVE
    if location is not None:
        return InboundKind.LOCATION
    return InboundKind.MEDIA if media else InboundKind.TEXT


def _media(fields: Fields) -> list[InboundMedia]:
    numbers = range(min(whole_number(fields.get("NumMedia")) or 0, MAX_MEDIA))
    return [
        InboundMedia(reference=url, content_type=text(fields, f"MediaContentType{number}"))
        for number in numbers
        if (url := text(fields, f"MediaUrl{number}")) is not None
    ]


def _location(fields: Fields) -> InboundLocation | None:
    latitude, longitude = _degrees(fields, "Latitude"), _degrees(fields, "Longitude")
    if latitude is None or longitude is None:
        return None
    return InboundLocation(
        latitude=latitude,
        longitude=longitude,
        name=text(fields, "Label"),
        address=text(fields, "Address"),
    )


def _choice(fields: Fields) -> InboundChoice | None:
    """Read a quick reply, a list's row or a form."""
    if text(fields, "ButtonText") or text(fields, "ButtonPayload"):
        return InboundChoice(
            kind=ChoiceKind.QUICK_REPLY,
            id=text(fields, "ButtonPayload"),
            title=text(fields, "ButtonText"),
        )
    if text(fields, "ListId") or text(fields, "ListTitle"):
        return InboundChoice(
            kind=ChoiceKind.LIST,
            id=text(fields, "ListId"),
            title=text(fields, "ListTitle"),
            description=text(fields, "ListDescription"),
        )
    return InboundChoice(kind=ChoiceKind.FORM) if text(fields, "InteractiveData") else None


def _referral(fields: Fields) -> InboundReferral | None:
    """Read the advertisement behind a first message on WhatsApp."""
    if not (text(fields, "ReferralSourceId") or text(fields, "ReferralSourceUrl")):
        return None
    return InboundReferral(
        source_type=text(fields, "ReferralSourceType"),
        source_id=text(fields, "ReferralSourceId"),
        source_url=text(fields, "ReferralSourceUrl"),
        headline=text(fields, "ReferralHeadline"),
        body=text(fields, "ReferralBody"),
        media_type=text(fields, "ReferralMediaContentType"),
        media_url=text(fields, "ReferralMediaUrl"),
        click_id=text(fields, "ReferralCtwaClid"),
    )


def _degrees(fields: Fields, key: str) -> float | None:
    try:
        degrees = float(text(fields, key) or "")
    except ValueError:
        return None
    return degrees if math.isfinite(degrees) else None


def _is_set(fields: Fields, key: str) -> bool:
    return (text(fields, key) or "").lower() == "true"


def _decoded(body: str | None) -> str | None:
    """Undo the base64 in which long concatenated messages sometimes come.

    Only what decodes to several printable words is taken for it.
    """
    if body is None or len(body) < _SHORTEST_ENCODED or not body.isascii():
        return body
    try:
        decoded = base64.b64decode(body, validate=True).decode()
    except (binascii.Error, ValueError):
        return body
    plain = decoded.replace("\n", " ").replace("\r", " ")
    return decoded if " " in plain.strip() and plain.isprintable() else body
