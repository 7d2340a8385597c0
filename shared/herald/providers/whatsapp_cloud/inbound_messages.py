"""Who sent a WhatsApp message, what it says, and what led to it.

Meta: "Messages webhook reference".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from herald.contracts.inbound import InboundContent, InboundProduct, InboundReferral
from herald.providers.lenient_json import NotUnderstoodError, Reason, part, phone, text
from herald.providers.whatsapp_cloud.inbound_contents import read_content

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sent it. Users who chose a username have no number: Meta's id of them stands for it."""

    address: str
    user_id: str | None  # Meta's, where the address is a number
    profile_name: str | None
    username: str | None


def content_of(message: Message) -> InboundContent:
    """Read what a message says and what led to it."""
    content = read_content(message)
    context, referral = part(message, "context"), part(message, "referral")
    if not context and not referral:
        return content
    product = part(context, "referred_product")
    return content.model_copy(
        update={
            "forwarded": context.get("forwarded") is True,
            "frequently_forwarded": context.get("frequently_forwarded") is True,
            "product": _product(product) if product else None,
            "referral": _referral(referral) if referral else None,
        }
    )


def answered_by(message: Message, content: InboundContent) -> str | None:
    """Return Meta's id of the message that this one answers, reacts to, or replaces."""
    reaction = content.reaction.provider_message_id if content.reaction else None
    return reaction or text(part(message, "context"), "id")


def sender_of(message: Message, contacts: list[Any]) -> Sender:
    """Find who sent a message: its number, else Meta's id of the user."""
    return sender_named(text(message, "from"), text(message, "from_user_id"), contacts)


def sender_named(number: str | None, user: str | None, contacts: list[Any]) -> Sender:
    """Find what else is said of a user."""
    contact = _contact(contacts, number, user)
    user_id = user or text(contact, "user_id")
    address = number or user or text(contact, "wa_id") or user_id
    if address is None:
        raise NotUnderstoodError(Reason.SHAPE)
    profile = part(contact, "profile")
    username = text(profile, "username")
    return Sender(
        address=phone(address) or address,
        user_id=None if user_id == address else user_id,
        profile_name=text(profile, "name") or username,
        username=username,
    )


def own_number(value: Message) -> str | None:
    """Return the number of ours that a change is about."""
    return phone(text(part(value, "metadata"), "display_phone_number") or "")


def _contact(contacts: list[Any], number: str | None, user: str | None) -> Message:
    """Return the contact that belongs to a sender; a lone one only where nothing sets them apart.

    One call may hold messages of two senders and one contact: its name is not the other's.
    """
    known = [contact for contact in contacts if isinstance(contact, dict)]
    for contact in known:
        if number in (ids := (contact.get("wa_id"), contact.get("user_id"))) and number:
            return contact
        if user in ids and user:
            return contact
    if len(known) != 1:
        return {}
    [lone] = known
    is_named = bool(lone.get("wa_id") or lone.get("user_id"))
    return {} if is_named and (number or user) else lone


def _product(product: Message) -> InboundProduct:
    return InboundProduct(
        catalog_id=text(product, "catalog_id"), product_id=text(product, "product_retailer_id")
    )


def _referral(referral: Message) -> InboundReferral:
    return InboundReferral(
        source_type=text(referral, "source_type"),
        source_id=text(referral, "source_id"),
        source_url=text(referral, "source_url"),
        headline=text(referral, "headline"),
        body=text(referral, "body"),
        media_type=text(referral, "media_type"),
        media_url=text(referral, "image_url")
        or text(referral, "video_url")
        or text(referral, "thumbnail_url"),
        click_id=text(referral, "ctwa_clid"),
        welcome_text=text(part(referral, "welcome_message"), "text"),
    )
