"""What the WhatsApp Cloud API checks in messages with something to tap.

Source: Meta, "Interactive reply buttons messages", "Interactive list messages" and "Interactive
call-to-action URL button messages".
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

from sandbox.providers.whatsapp_cloud_parts import Invalid, Part, check_file, check_words

MAX_BUTTONS, MAX_ROWS = 3, 10
LONGEST_BODY = {"button": 1024, "list": 4096, "cta_url": 1024}


def check_interactive(part: Part, files: Container[str]) -> None:
    """Take buttons, a list, or a link."""
    kind = part.get("type")
    if not isinstance(kind, str) or kind not in LONGEST_BODY:
        raise Invalid(100, "Param interactive['type'] must be one of {BUTTON, CTA_URL, LIST}")
    check_words(_part(part, "body").get("text"), "interactive.body.text", LONGEST_BODY[kind])
    if "footer" in part:
        check_words(_part(part, "footer").get("text"), "interactive.footer.text", 60)
    if "header" in part:
        _check_header(_part(part, "header"), files, text_alone=kind == "list")
    _ACTIONS[kind](_part(part, "action"))


def _check_header(header: Part, files: Container[str], *, text_alone: bool) -> None:
    kind = header.get("type")
    if kind == "text":
        check_words(header.get("text"), "interactive.header.text", 60)
    elif text_alone or kind not in {"image", "video", "document"}:
        raise Invalid(131009, f"Header type {kind} is not valid here")
    else:
        check_file(kind, _part(header, kind), files)


def _check_buttons(action: Part) -> None:
    buttons = _parts(action, "buttons")
    if not 1 <= len(buttons) <= MAX_BUTTONS:
        raise Invalid(
            131009, "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"
        )
    replies = [_part(button, "reply") for button in buttons]
    for button, reply in zip(buttons, replies, strict=True):
        if button.get("type") != "reply":
            raise Invalid(131009, "Button type invalid")
        check_words(reply.get("title"), "Button title", 20)
        check_words(reply.get("id"), "Button id", 256)
    _check_different(replies, "buttons")


def _check_list(action: Part) -> None:
    check_words(action.get("button"), "Button label", 20)
    sections = _parts(action, "sections")
    if not 1 <= len(sections) <= MAX_ROWS:
        raise Invalid(131009, "Invalid sections count. Min: 1, Max: 10")
    for section in sections:
        if len(sections) > 1 or "title" in section:
            check_words(section.get("title"), "Section title", 24)
    rows = [row for section in sections for row in _parts(section, "rows")]
    if not rows or not all(_parts(section, "rows") for section in sections):
        raise Invalid(131008, "Parameter 'rows' is missing")
    if len(rows) > MAX_ROWS:
        raise Invalid(131009, "Total row count exceed max allowed count: 10")
    for row in rows:
        check_words(row.get("title"), "Row title", 24)
        check_words(row.get("id"), "Row id", 200)
        if "description" in row:
            check_words(row["description"], "Row description", 72)
    _check_different(rows, "rows", ("id",))


def _check_link(action: Part) -> None:
    parameters = _part(action, "parameters")
    if action.get("name") != "cta_url":
        raise Invalid(131009, "Action name must be cta_url")
    check_words(parameters.get("display_text"), "Button label", 20)
    url = parameters.get("url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise Invalid(131009, "Button url is not valid")


def _check_different(
    parts: Sequence[Part], what: str, names: tuple[str, ...] = ("id", "title")
) -> None:
    for name in names:
        if len({part[name] for part in parts}) < len(parts):
            raise Invalid(131009, f"Duplicated {name} in {what}")


def _part(part: Part, name: str) -> Part:
    found = part.get(name)
    if not isinstance(found, dict):
        raise Invalid(131008, f"Parameter '{name}' is missing")
    return found


def _parts(part: Part, name: str) -> list[Part]:
    found: Any = part.get(name, [])
    if not isinstance(found, list) or not all(isinstance(it, dict) for it in found):
        raise Invalid(131009, f"Parameter '{name}' is not valid")
    return found


_ACTIONS: dict[str, Callable[[Part], None]] = {
    "button": _check_buttons,
    "list": _check_list,
    "cta_url": _check_link,
}
