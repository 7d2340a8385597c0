"""What a message that Vonage's Messages API passes on says. Vonage: "Inbound message"."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from herald.contracts.inbound import (
    InboundChoice,
    InboundContent,
    InboundLocation,
    InboundMedia,
    InboundOrder,
    InboundReaction,
    InboundReferral,
    OrderItem,
)
from herald.contracts.vocabulary import ChoiceKind, InboundKind, MediaKind
from herald.providers.lenient_json import objects, part, text, whole_number

Message = Mapping[str, Any]

MEDIA: dict[str, MediaKind] = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
    "file": MediaKind.DOCUMENT,
    "sticker": MediaKind.STICKER,
}


def content_of(message: Message) -> InboundContent:
    """Read what a message says; a kind that nobody knows is `other`, and kept."""
    kind = text(message, "message_type") or ""
    read = _READERS.get(kind, _media if kind in MEDIA else _other)
    content = read(message)
    referral = _referral(part(part(message, "whatsapp"), "referral"))
    return content if referral is None else content.model_copy(update={"referral": referral})


def answered_by(message: Message) -> str | None:
    """Return Vonage's id of the message that it quotes or reacts to."""
    return text(part(message, "context"), "message_uuid")


def _text(message: Message) -> InboundContent:
    return InboundContent(content=InboundKind.TEXT, text=text(message, "text"))


def _media(message: Message) -> InboundContent:
    kind = text(message, "message_type") or ""
    file = part(message, kind)
    url = text(file, "url")
    if url is None:
        return _other(message)
    caption = text(file, "caption") or text(message, "text")
    found = InboundMedia(
        reference=url, kind=MEDIA[kind], caption=caption, filename=text(file, "name"), url=url
    )
    return InboundContent(content=InboundKind.MEDIA, text=caption, media=[found])


def _location(message: Message) -> InboundContent:
    place = part(message, "location")
    latitude, longitude = _degrees(place.get("lat")), _degrees(place.get("long"))
    if latitude is None or longitude is None:
        return _other(message)
    found = InboundLocation(
        latitude=latitude,
        longitude=longitude,
        name=text(place, "name"),
        address=text(place, "address"),
    )
    words = f"geo:{latitude},{longitude}"
    return InboundContent(content=InboundKind.LOCATION, text=words, location=found)


def _reply(message: Message) -> InboundContent:
    """Read what was tapped, of a message's buttons or of a list: Vonage does not say which."""
    reply = part(message, "reply")
    described = text(reply, "description")
    choice = InboundChoice(
        kind=ChoiceKind.BUTTON if described is None else ChoiceKind.LIST,
        id=text(reply, "id"),
        title=text(reply, "title"),
        description=described,
    )
    return InboundContent(
        content=InboundKind.INTERACTIVE, text=choice.title, payload=choice.id, choice=choice
    )


def _button(message: Message) -> InboundContent:
    button = part(message, "button")
    choice = InboundChoice(
        kind=ChoiceKind.QUICK_REPLY, id=text(button, "payload"), title=text(button, "text")
    )
    return InboundContent(
        content=InboundKind.BUTTON, text=choice.title, payload=choice.id, choice=choice
    )


def _reaction(message: Message) -> InboundContent:
    reaction = part(message, "reaction")
    is_taken_back = text(reaction, "action") == "unreact"
    found = InboundReaction(
        provider_message_id=answered_by(message),
        emoji=None if is_taken_back else text(reaction, "emoji"),
    )
    return InboundContent(content=InboundKind.REACTION, text=found.emoji, reaction=found)


def _order(message: Message) -> InboundContent:
    order = part(message, "order")
    items = [
        OrderItem(
            product_id=text(item, "product_retailer_id"),
            quantity=whole_number(item.get("quantity")),
            price=_digits(item.get("item_price")),
            currency=text(item, "currency"),
        )
        for item in objects(order, "product_items")
    ]
    found = InboundOrder(catalog_id=text(order, "catalog_id"), items=items)
    return InboundContent(content=InboundKind.ORDER, text=text(order, "text"), order=found)


def _unsupported(_message: Message) -> InboundContent:
    return InboundContent(content=InboundKind.UNSUPPORTED)


def _other(message: Message) -> InboundContent:
    return InboundContent(content=InboundKind.OTHER, text=text(message, "text"))


def _referral(referral: Message) -> InboundReferral | None:
    """Read the advertisement behind a first message on WhatsApp."""
    if not (text(referral, "source_id") or text(referral, "source_url")):
        return None
    media = ("image_url", "video_url", "thumbnail_url")
    return InboundReferral(
        source_type=text(referral, "source_type"),
        source_id=text(referral, "source_id"),
        source_url=text(referral, "source_url"),
        headline=text(referral, "headline"),
        body=text(referral, "body"),
        media_type=text(referral, "media_type"),
        media_url=next(filter(None, (text(referral, name) for name in media)), None),
        click_id=text(referral, "ctwa_clid"),
    )


def _digits(value: Any) -> str | None:
    if isinstance(value, float):
        return format(value, "f").rstrip("0").rstrip(".")
    return text({"price": value}, "price")


def _degrees(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        degrees = float(value)
    except (ValueError, OverflowError):
        return None
    return degrees if math.isfinite(degrees) else None


_READERS: dict[str, Callable[[Message], InboundContent]] = {
    "text": _text,
    "location": _location,
    "reply": _reply,
    "button": _button,
    "reaction": _reaction,
    "order": _order,
    "unsupported": _unsupported,
}
