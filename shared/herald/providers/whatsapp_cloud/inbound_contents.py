"""What a WhatsApp message says, by its type. Meta: "Messages webhook reference"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from herald.contracts.inbound import (
    AddressChange,
    ContactPhone,
    InboundContact,
    InboundContent,
    InboundLocation,
    InboundMedia,
    InboundOrder,
    InboundProblem,
    InboundReaction,
    OrderItem,
)
from herald.contracts.redaction import redact_prose
from herald.contracts.vocabulary import InboundKind, MediaKind
from herald.providers.lenient_json import (
    NotUnderstoodError,
    Reason,
    objects,
    part,
    phone,
    reference,
    text,
    whole_number,
)
from herald.providers.whatsapp_cloud.inbound_choices import read_choice, read_quick_reply

Message = Mapping[str, Any]

MEDIA_KINDS: dict[str, MediaKind] = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
    "voice": MediaKind.AUDIO,  # of the On-Premises API
    "document": MediaKind.DOCUMENT,
    "sticker": MediaKind.STICKER,
}

_MAX_PROSE = 512


def read_content(message: Message) -> InboundContent:
    """Read what a message says; a type not known here is `other`, never an error."""
    return READERS.get(text(message, "type") or "", _other)(message)


def _text(message: Message) -> InboundContent:
    return InboundContent(content=InboundKind.TEXT, text=text(part(message, "text"), "body"))


def _media(message: Message) -> InboundContent:
    kind = text(message, "type") or ""
    media = part(message, kind)
    found = InboundMedia(
        reference=reference(media, "id"),
        kind=MEDIA_KINDS[kind],
        content_type=text(media, "mime_type"),
        caption=text(media, "caption"),
        filename=text(media, "filename"),
        url=text(media, "url"),
        sha256=text(media, "sha256"),
        voice=kind == "voice" or media.get("voice") is True,
    )
    return InboundContent(content=InboundKind.MEDIA, text=found.caption, media=[found])


def _location(message: Message) -> InboundContent:
    """Read a place; as words it is a `geo:` URI (RFC 5870)."""
    location = part(message, "location")
    latitude, longitude = location.get("latitude"), location.get("longitude")
    if not (_is_number(latitude) and _is_number(longitude)):
        raise NotUnderstoodError(Reason.SHAPE)
    return InboundContent(
        content=InboundKind.LOCATION,
        text=f"geo:{latitude},{longitude}",
        location=InboundLocation(
            latitude=float(latitude),
            longitude=float(longitude),
            name=text(location, "name"),
            address=text(location, "address"),
            url=text(location, "url"),
        ),
    )


def _contacts(message: Message) -> InboundContent:
    return InboundContent(
        content=InboundKind.CONTACTS, contacts=[*map(_contact, objects(message, "contacts"))]
    )


def _contact(contact: Message) -> InboundContact:
    """Read an address book's entry; users and their devices leave out what they like."""
    phones = [
        ContactPhone(
            number=number,
            kind=text(entry, "type"),
            whatsapp=phone(text(entry, "wa_id") or ""),
        )
        for entry in objects(contact, "phones")
        if (number := text(entry, "phone") or text(entry, "wa_id")) is not None
    ]
    emails = [text(entry, "email") for entry in objects(contact, "emails")]
    return InboundContact(
        name=text(part(contact, "name"), "formatted_name"),
        organisation=text(part(contact, "org"), "company"),
        phones=phones,
        emails=[email for email in emails if email is not None],
    )


def _order(message: Message) -> InboundContent:
    order = part(message, "order")
    items = [
        OrderItem(
            product_id=text(entry, "product_retailer_id"),
            quantity=whole_number(entry.get("quantity")),
            price=_digits(entry.get("item_price")),
            currency=text(entry, "currency"),
        )
        for entry in objects(order, "product_items")
    ]
    return InboundContent(
        content=InboundKind.ORDER,
        text=text(order, "text"),
        order=InboundOrder(catalog_id=text(order, "catalog_id"), items=items),
    )


def _reaction(message: Message) -> InboundContent:
    """Read an emoji and what it is about; one that was taken back has no text."""
    reaction = part(message, "reaction")
    emoji = text(reaction, "emoji")
    return InboundContent(
        content=InboundKind.REACTION,
        text=emoji,
        reaction=InboundReaction(provider_message_id=text(reaction, "message_id"), emoji=emoji),
    )


def _edit(message: Message) -> InboundContent:
    """Read an earlier message as it reads now."""
    edit = part(message, "edit")
    now = read_content(part(edit, "message"))
    return now.model_copy(
        update={"content": InboundKind.EDITED, "original": text(edit, "original_message_id")}
    )


def _revoke(message: Message) -> InboundContent:
    original = text(part(message, "revoke"), "original_message_id")
    return InboundContent(content=InboundKind.DELETED, original=original)


def _system(message: Message) -> InboundContent:
    """Read what WhatsApp itself says of a user: another number or another id."""
    system = part(message, "system")
    kind, words = text(system, "type") or "", text(system, "body")
    number = text(system, "new_wa_id") or text(system, "wa_id")  # the first until v11 of the API
    if kind.endswith("changed_number") and number is not None:
        old = text(message, "from") or ""
        change = AddressChange(old=phone(old) or old or None, new=phone(number) or number)
    elif kind == "user_changed_user_id":
        change = AddressChange(old=text(system, "previous_user_id"), new=text(system, "user_id"))
    else:
        return InboundContent(content=InboundKind.OTHER, text=words)
    return InboundContent(content=InboundKind.ADDRESS_CHANGED, text=words, address_change=change)


def _unsupported(message: Message) -> InboundContent:
    problems = [*map(_problem, objects(message, "errors"))]
    return InboundContent(
        content=InboundKind.UNSUPPORTED,
        text=text(part(message, "text"), "body"),  # it may have come with words
        problems=problems,
    )


def _problem(error: Message) -> InboundProblem:
    details = text(part(error, "error_data"), "details")
    words = details or text(error, "message") or text(error, "title") or ""
    return InboundProblem(code=text(error, "code") or "", text=redact_prose(words)[:_MAX_PROSE])


def _other(message: Message) -> InboundContent:
    return InboundContent(content=InboundKind.OTHER, text=text(part(message, "text"), "body"))


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _digits(value: Any) -> str | None:
    """Write a price as digits: no reader should round it."""
    return str(value) if _is_number(value) else value if isinstance(value, str) else None


READERS: dict[str, Callable[[Message], InboundContent]] = {
    "text": _text,
    "button": read_quick_reply,  # a template's quick reply
    "interactive": read_choice,
    **dict.fromkeys(MEDIA_KINDS, _media),
    "location": _location,
    "contacts": _contacts,
    "order": _order,
    "reaction": _reaction,
    "edit": _edit,
    "revoke": _revoke,
    "system": _system,
    "unsupported": _unsupported,
}
