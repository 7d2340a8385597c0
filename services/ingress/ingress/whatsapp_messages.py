"""What a WhatsApp user sent, by the type of message. Meta: "Messages webhook reference"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from herald.receipts import InboundMedia
from herald.vocabulary import InboundKind
from ingress.elements import NotUnderstoodError, Reason, part, reference, text

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The content of one message, in Herald's words."""

    kind: InboundKind
    text: str | None = None
    payload: str | None = None
    media: tuple[InboundMedia, ...] = ()
    reply_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sent it. Users who chose a username have no number: Meta's id of them stands for it."""

    address: str
    profile_name: str | None


def content_of(message: Message) -> Content:
    """Read a message's content; a type not known here is `other`, never an error."""
    return READERS.get(text(message, "type") or "", _other)(message)


def sender_of(message: Message, contacts: list[Any]) -> Sender:
    """Find who sent a message: its number, else Meta's id of the user."""
    number, user = text(message, "from"), text(message, "from_user_id")
    contact = _contact(contacts, number, user)
    address = number or user or text(contact, "wa_id") or text(contact, "user_id")
    if address is None:
        raise NotUnderstoodError(Reason.SHAPE)
    profile = part(contact, "profile")
    return Sender(
        address=phone(address) or address,
        profile_name=text(profile, "name") or text(profile, "username"),
    )


def phone(digits: str) -> str | None:
    """Bring a number as Meta writes it to E.164; None when it is no number."""
    bare = "".join(char for char in digits.removeprefix("+") if char not in " -()")
    return f"+{bare}" if bare.isascii() and bare.isdigit() else None


def _contact(contacts: list[Any], number: str | None, user: str | None) -> Message:
    """Return the contact that belongs to a sender; a lone one only where nothing tells them apart.

    One call may hold messages of two senders and one contact: its name is not the other's.
    """
    objects = [contact for contact in contacts if isinstance(contact, dict)]
    for contact in objects:
        if number in (known := (contact.get("wa_id"), contact.get("user_id"))) and number:
            return contact
        if user in known and user:
            return contact
    if len(objects) != 1:
        return {}
    [lone] = objects
    is_named = bool(lone.get("wa_id") or lone.get("user_id"))
    return {} if is_named and (number or user) else lone


def _text(message: Message) -> Content:
    return Content(kind=InboundKind.TEXT, text=text(part(message, "text"), "body"))


def _button(message: Message) -> Content:
    button = part(message, "button")
    return Content(
        kind=InboundKind.BUTTON, text=text(button, "text"), payload=text(button, "payload")
    )


def _interactive(message: Message) -> Content:
    interactive = part(message, "interactive")
    form = part(interactive, "nfm_reply")
    if form:
        words, payload = text(form, "body"), text(form, "response_json")
    else:
        chosen = part(interactive, "button_reply") or part(interactive, "list_reply")
        words, payload = text(chosen, "title"), text(chosen, "id")
    return Content(kind=InboundKind.INTERACTIVE, text=words, payload=payload)


def _media(message: Message) -> Content:
    media = part(message, text(message, "type") or "")
    found = InboundMedia(
        reference=reference(media, "id"),
        content_type=text(media, "mime_type"),
        caption=text(media, "caption"),
        filename=text(media, "filename"),
    )
    return Content(kind=InboundKind.MEDIA, text=found.caption, media=(found,))


def _location(message: Message) -> Content:
    """Tell a location as a `geo:` URI (RFC 5870); its name and address stay in the element."""
    location = part(message, "location")
    latitude, longitude = location.get("latitude"), location.get("longitude")
    if not (_is_number(latitude) and _is_number(longitude)):
        raise NotUnderstoodError(Reason.SHAPE)
    return Content(kind=InboundKind.LOCATION, text=f"geo:{latitude},{longitude}")


def _reaction(message: Message) -> Content:
    """Tell an emoji and what it is about; one that was taken back has no text."""
    reaction = part(message, "reaction")
    return Content(
        kind=InboundKind.REACTION,
        text=text(reaction, "emoji"),
        reply_to=text(reaction, "message_id"),
    )


def _other(message: Message) -> Content:
    # `unsupported` may carry the words of what it could not carry
    return Content(kind=InboundKind.OTHER, text=text(part(message, "text"), "body"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


READERS: dict[str, Callable[[Message], Content]] = {
    "text": _text,
    "button": _button,  # a template's quick reply
    "interactive": _interactive,
    "image": _media,
    "video": _media,
    "audio": _media,
    "voice": _media,
    "document": _media,
    "sticker": _media,
    "location": _location,
    "reaction": _reaction,
}
