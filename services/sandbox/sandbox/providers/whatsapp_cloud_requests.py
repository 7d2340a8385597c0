"""What the WhatsApp Cloud API checks in a message.

Source: Meta, "Cloud API, messages" and the page of each kind of message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Any

from pydantic_core import from_json

from sandbox.providers.whatsapp_cloud_interactive import check_interactive
from sandbox.providers.whatsapp_cloud_parts import Invalid, Part, check_file, check_location
from sandbox.providers.whatsapp_cloud_templates import check_template

MAX_TEXT = 4096
MEDIA = frozenset({"image", "video", "audio", "document", "sticker"})
_DIGITS = re.compile(r"\+?\d{5,15}")
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]+")  # of a user who shows no number


def read_message(body: bytes, files: Container[str]) -> Part:
    """Read a message, or a read receipt; `files` are the ids of those that were uploaded.

    Raises:
        Invalid: Meta would refuse it.
    """
    try:
        message = from_json(body)
    except ValueError:
        raise Invalid(100, "The request is not valid JSON") from None
    if not isinstance(message, dict) or message.get("messaging_product") != "whatsapp":
        raise Invalid(100, "messaging_product must be whatsapp")
    if "status" in message:
        _check_read_receipt(message)
        return message
    _check_recipient(message.get("to"), message.get("recipient"))
    kind = message.get("type", "text")
    if not isinstance(kind, str):
        raise Invalid(100, "Parameter 'type' is not a string")
    _check_part(kind, message.get(kind), files)
    return message


def _check_read_receipt(message: Part) -> None:
    if message["status"] != "read":
        raise Invalid(100, "Param status must be one of {READ}")
    if not isinstance(message.get("message_id"), str) or not message["message_id"]:
        raise Invalid(131008, "Parameter 'message_id' is missing")
    if message.get("typing_indicator", {"type": "text"}) != {"type": "text"}:
        raise Invalid(100, "Param typing_indicator['type'] must be one of {TEXT}")


def _check_recipient(to: Any, user: Any) -> None:
    """Take a number, or the id of a user who shows none."""
    if user is not None:
        if not isinstance(user, str) or not _USER_ID.fullmatch(user):
            raise Invalid(131009, "Parameter 'recipient' is not a user id")
    elif not isinstance(to, str):
        raise Invalid(131008, "Parameter 'to' is missing")
    elif not _DIGITS.fullmatch(to):
        raise Invalid(131009, "Parameter 'to' is not a phone number")


def _check_part(kind: str, part: Any, files: Container[str]) -> None:
    if kind == "contacts":
        _check_contacts(part)
        return
    if not isinstance(part, dict):
        raise Invalid(131008, f"Parameter '{kind}' is missing")
    if kind in MEDIA:
        check_file(kind, part, files)
    elif kind == "template":
        check_template(part, files)
    elif kind == "interactive":
        check_interactive(part, files)
    elif kind in _PLAIN:
        _PLAIN[kind](part)
    else:
        raise Invalid(100, f"Unsupported message type {kind}")


def _check_text(part: Part) -> None:
    text = part.get("body")
    if not text:
        raise Invalid(131008, "Parameter 'text.body' is missing")
    if not isinstance(text, str):
        raise Invalid(100, "Param text['body'] must be a string")
    if len(text) > MAX_TEXT:
        raise Invalid(100, "Param text['body'] must be at most 4096 characters long")


def _check_contacts(part: Any) -> None:
    if not isinstance(part, list) or not part:
        raise Invalid(131008, "Parameter 'contacts' is missing")
    for contact in part:
        name = contact.get("name") if isinstance(contact, dict) else None
        if not isinstance(name, dict) or not name.get("formatted_name"):
            raise Invalid(131008, "Parameter 'contacts.name.formatted_name' is missing")
        if not name.keys() - {"formatted_name"}:
            raise Invalid(131009, "Contact name needs at least one part beside formatted_name")


def _check_reaction(part: Part) -> None:
    if not part.get("message_id"):
        raise Invalid(131008, "Parameter 'reaction.message_id' is missing")
    if not isinstance(part.get("emoji"), str):
        raise Invalid(131008, "Parameter 'reaction.emoji' is missing")


_PLAIN: dict[str, Callable[[Part], None]] = {
    "text": _check_text,
    "location": check_location,
    "reaction": _check_reaction,
}
