"""What Vonage's Messages API checks in a message, and what its recipient sees of it.

Source: Vonage, "Messages API reference"; Meta, "Cloud API, messages", for what goes to WhatsApp as
it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.inbox import Shown, ShownFile

LONGEST_SMS, LONGEST_WHATSAPP = 1_000, 4_096  # characters
LONGEST_REFERENCE = 100
FILES = frozenset({"image", "video", "audio", "file", "sticker"})
TYPES = {
    "sms": frozenset({"text"}),
    "whatsapp": FILES | {"text", "template", "custom", "reaction"},
}

Document = Mapping[str, Any]
Problem = tuple[int, str]


def problem_of(document: Any) -> Problem | None:
    """Return the code of the first error in a request, and what it is about."""
    if not isinstance(document, dict):
        return 1020, "The request body is no object"
    channel, to, kind = (document.get(name) for name in ("channel", "to", "message_type"))
    sender = document.get("from")
    checks = (
        (1400, "channel", channel in TYPES),
        (1420, "from", isinstance(sender, str) and sender != ""),
        (1430, "to", isinstance(to, str) and to.isdecimal()),
        (1450, "client_ref", len(str(document.get("client_ref", ""))) <= LONGEST_REFERENCE),
        (1440, "message_type", kind in TYPES.get(str(channel), ())),
    )
    wrong = next(((code, name) for code, name, is_right in checks if not is_right), None)
    return wrong or _content_problem(document, str(kind))


def _content_problem(document: Document, kind: str) -> Problem | None:
    if kind == "text":
        text = document.get("text")
        longest = LONGEST_SMS if document["channel"] == "sms" else LONGEST_WHATSAPP
        is_text = isinstance(text, str) and 0 < len(text) <= longest
        return None if is_text else (1020, "text")
    part = document.get(kind)
    if not isinstance(part, dict):
        return 1010, kind
    if kind in FILES and not str(part.get("url", "")).startswith("https://"):
        return 1020, f"{kind}.url"
    if kind == "template" and not part.get("name"):
        return 1022, "template.name"
    if kind == "custom" and not isinstance(part.get(str(part.get("type"))), dict | list):
        return 1020, "custom.type"
    has_context = isinstance(document.get("context"), dict)
    return (1010, "context") if kind == "reaction" and not has_context else None


def is_template(document: Document) -> bool:
    """Whether it may be sent at any time."""
    if document["message_type"] == "custom":
        return bool(document["custom"]["type"] == "template")
    return bool(document["message_type"] == "template")


def shown(document: Document) -> Shown:
    """Return what the recipient sees."""
    kind = document["message_type"]
    if kind == "text":
        return Shown(text=document["text"])
    part = document[kind]
    if kind in FILES:
        file = ShownFile(
            name=str(part.get("name", "")), url=part["url"], caption=str(part.get("caption", ""))
        )
        return Shown(text=file.caption, files=(file,))
    if kind == "template":
        values = {str(n): str(value) for n, value in enumerate(part.get("parameters") or (), 1)}
        return Shown(template=str(part["name"]), variables=values)
    if kind == "reaction":
        return Shown(text=str(part.get("emoji", "")))
    return _custom(part[part["type"]], part["type"])


def _custom(part: Any, kind: str) -> Shown:
    if kind == "template":
        return Shown(template=str(part.get("name", "")))
    if kind != "interactive":
        return Shown(text=kind)
    action = part.get("action", {})
    rows = [row for section in action.get("sections", ()) for row in section.get("rows", ())]
    titles = [
        *(button["reply"]["title"] for button in action.get("buttons", ())),
        *(row["title"] for row in rows),
    ]
    link = action.get("parameters", {}).get("display_text")
    return Shown(
        text=str(part.get("body", {}).get("text", "")),
        buttons=(*titles, *([link] if link else [])),
    )
