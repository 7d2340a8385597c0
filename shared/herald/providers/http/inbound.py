"""What recipients write, as a profile reads it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from herald.contracts.inbound import (
    ContactPhone,
    InboundChoice,
    InboundContact,
    InboundContent,
    InboundLocation,
    InboundMedia,
)
from herald.contracts.receipts import InboundReceipt
from herald.contracts.vocabulary import ChoiceKind, InboundKind
from herald.providers.http.expressions import Expression
from herald.providers.http.profile import Profile
from herald.providers.http.times import time_of
from herald.providers.http.webhook_rules import InboundRules
from herald.providers.lenient_json import (
    MAX_REFERENCE,
    NotUnderstoodError,
    Reason,
    kept_inbound,
    phone,
    text,
)
from herald.providers.webhook_requests import WebhookRequest

MAX_PARTS = 20  # files, contacts
LONGEST_TEXT = 16 * 1024  # bytes: 4,096 characters, whatever they are
LONGEST_ADDRESS = 320  # an e-mail address; a name may be as long

Document = Mapping[str, Any]


def inbound_receipt(
    profile: Profile,
    rules: InboundRules,
    request: WebhookRequest,
    document: Document,
    *,
    account: str,
    channel: str,
) -> InboundReceipt:
    """Read a message."""
    assert profile.webhooks is not None, "it came by a webhook"
    reference, sender = rules.reference.text(document), rules.sender.text(document)
    if reference is None:
        raise NotUnderstoodError(Reason.NO_REFERENCE)
    if sender is None or len(sender) > LONGEST_ADDRESS or len(reference) > MAX_REFERENCE:
        raise NotUnderstoodError(Reason.SHAPE)
    recipient = _short(rules.recipient, document)
    at = rules.time.find(document) if rules.time is not None else None
    return InboundReceipt(
        **dict(content_of(rules, document)),
        channel=channel,
        provider=profile.name,
        account=account,
        reference=reference,
        sender=_address(sender, channel),
        sender_id=_short(rules.sender_id, document),
        recipient=None if recipient is None else _address(recipient, channel),
        group=_short(rules.group, document),
        in_reply_to=_short(rules.in_reply_to, document),
        profile_name=_short(rules.profile_name, document),
        username=_short(rules.username, document),
        occurred_at=time_of(at, profile.webhooks.time_form),
        received_at=request.received_at,
        element=_kept(rules, document, len(request.body)),
    )


def content_of(rules: InboundRules, document: Document) -> InboundContent:
    """Read what a message says."""
    media, location = _media(rules, document), _location(rules, document)
    choice, contacts = _choice(rules, document), _contacts(rules, document)
    words = _cut(_text(rules.text, document))
    if location is not None and words is None:
        words = f"geo:{location.latitude},{location.longitude}"
    found: list[tuple[Any, InboundKind]] = [
        (choice, InboundKind.BUTTON),
        (location, InboundKind.LOCATION),
        (contacts, InboundKind.CONTACTS),
        (media, InboundKind.MEDIA),
        (words, InboundKind.TEXT),
    ]
    kind = _text(rules.kind, document)
    return InboundContent(
        content=kind or next((word for part, word in found if part), InboundKind.OTHER),
        text=words or (choice.title if choice else None),
        payload=_text(rules.payload, document) or (choice.id if choice else None),
        media=media,
        location=location,
        choice=choice,
        contacts=contacts,
        original=_short(rules.original, document),
    )


def _cut(words: str | None) -> str | None:
    """Bound a text: longer than any that a medium takes, it is cut."""
    if words is None or len(words.encode()) <= LONGEST_TEXT:
        return words
    return words.encode()[:LONGEST_TEXT].decode(errors="ignore")


def _kept(rules: InboundRules, document: Document, body_bytes: int) -> Any:
    """Keep the element; of one whose text was cut only the start, for a receipt has its bounds."""
    words, element = _text(rules.text, document), document["event"]
    if words == _cut(words):
        return kept_inbound(element, body_bytes)
    start = to_json(element, inf_nan_mode="null")[:LONGEST_TEXT].decode(errors="ignore")
    return {"truncated": True, "bytes": body_bytes, "start": start[: LONGEST_TEXT // 4]}


def _media(rules: InboundRules, document: Document) -> list[InboundMedia]:
    return [
        InboundMedia(
            reference=reference,
            kind=text(file, "kind"),
            content_type=text(file, "content_type"),
            caption=text(file, "caption"),
            filename=text(file, "filename"),
            url=text(file, "url"),
        )
        for file in _objects(rules.media, document)
        if (reference := text(file, "reference")) is not None
    ]


def _location(rules: InboundRules, document: Document) -> InboundLocation | None:
    place = rules.location.find(document) if rules.location is not None else None
    if not isinstance(place, dict):
        return None
    latitude, longitude = _degrees(place.get("latitude")), _degrees(place.get("longitude"))
    if latitude is None or longitude is None:
        return None
    name, address = text(place, "name"), text(place, "address")
    return InboundLocation(latitude=latitude, longitude=longitude, name=name, address=address)


def _choice(rules: InboundRules, document: Document) -> InboundChoice | None:
    found = rules.choice.find(document) if rules.choice is not None else None
    if not isinstance(found, dict) or not (text(found, "id") or text(found, "title")):
        return None
    return InboundChoice(kind=ChoiceKind.BUTTON, id=text(found, "id"), title=text(found, "title"))


def _contacts(rules: InboundRules, document: Document) -> list[InboundContact]:
    return [
        InboundContact(
            name=text(found, "name"),
            phones=[ContactPhone(number=number)] if (number := text(found, "phone")) else [],
        )
        for found in _objects(rules.contacts, document)
        if text(found, "name") or text(found, "phone")
    ]


def _objects(path: Expression | None, document: Document) -> list[dict[str, Any]]:
    """Return the objects of a list, or the only one; all else counts as absent."""
    found = path.find(document) if path is not None else None
    several = found if isinstance(found, list) else [found]
    return [each for each in several[:MAX_PARTS] if isinstance(each, dict)]


def _degrees(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if -180 <= number <= 180 else None  # noqa: PLR2004  no place lies elsewhere


def _address(given: str, channel: str) -> str:
    """Bring a number to E.164 where the channel's addresses are numbers; a name stays."""
    return (phone(given) or given) if channel in {"sms", "whatsapp"} else given


def _short(path: Expression | None, document: Document) -> str | None:
    """Return an id, an address or a name; one that nobody has, of such a length, is none."""
    found = _text(path, document)
    return found if found is None or len(found) <= LONGEST_ADDRESS else None


def _text(path: Expression | None, document: Document) -> str | None:
    return None if path is None else path.text(document)
