"""What the WhatsApp Cloud API in the sandbox checks in messages, and what it shows of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.providers.whatsapp_cloud_files import Uploads
from sandbox.providers.whatsapp_cloud_parts import Invalid
from sandbox.providers.whatsapp_cloud_requests import read_message
from sandbox.providers.whatsapp_cloud_shown import shown

URL = "https://files.example.com/a.png"
LINK = {"display_text": "Look", "url": URL}
LONG = {"display_text": "x" * 21, "url": URL}


def interactive(kind: str, action: dict[str, Any], **parts: Any) -> dict[str, Any]:
    body = {"type": kind, "body": {"text": "Which?"}, "action": action, **parts}
    return {"type": "interactive", "interactive": body}


def buttons(*titles: str, **parts: Any) -> dict[str, Any]:
    replies = [
        {"type": "reply", "reply": {"id": f"{number}", "title": title}}
        for number, title in enumerate(titles)
    ]
    return interactive("button", {"buttons": replies}, **parts)


def rows(*ids: str, title: str = "x", **more: str) -> dict[str, Any]:
    section = {"rows": [{"id": one, "title": title, **more} for one in ids]}
    return interactive("list", {"button": "Ways", "sections": [section]})


def template(*components: dict[str, Any]) -> dict[str, Any]:
    named = {"name": "order", "language": {"code": "en"}, "components": [*components]}
    return {"type": "template", "template": named}


def header(parameter: dict[str, Any]) -> dict[str, Any]:
    return template({"type": "header", "parameters": [parameter]})


def button(kind: str, **parameter: str) -> dict[str, Any]:
    component = {"type": "button", "sub_type": kind, "index": "0", "parameters": [parameter]}
    return template(component)


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "four buttons": (buttons("a", "b", "c", "d"), 131009, "Max allowed buttons: 3"),
    "no button": (buttons(), 131009, "Min allowed buttons: 1"),
    "a long title": (buttons("x" * 21), 131009, "Button title length invalid"),
    "the same twice": (buttons("a", "a"), 131009, "Duplicated title"),
    "a long text above": (buttons("a", body={"text": "x" * 1025}), 131009, "interactive.body"),
    "a long header": (
        buttons("a", header={"type": "text", "text": "x" * 61}),
        131009,
        "interactive.header",
    ),
    "a sound as header": (buttons("a", header={"type": "audio"}), 131009, "Header type audio"),
    "eleven rows": (rows(*map(str, range(11))), 131009, "Total row count"),
    "a long row": (rows("1", title="x" * 25), 131009, "Row title"),
    "a long description": (rows("1", description="x" * 73), 131009, "Row description"),
    "rows with one id": (rows("1", "1"), 131009, "Duplicated id in rows"),
    "a list without rows": (
        interactive("list", {"button": "x", "sections": [{}]}),
        131008,
        "'rows' is missing",
    ),
    "a long link": (
        interactive(
            "cta_url", {"name": "cta_url", "parameters": LINK | {"display_text": "x" * 21}}
        ),
        131009,
        "Button label",
    ),
    "another kind": (interactive("flow", {}), 100, "interactive['type']"),
    "a place beyond the pole": (
        {"type": "location", "location": {"latitude": 91, "longitude": 0}},
        131009,
        "location.latitude",
    ),
    "a place without degrees": (
        {"type": "location", "location": {"latitude": 1}},
        131008,
        "location.longitude",
    ),
    "a contact without a name": ({"type": "contacts", "contacts": [{}]}, 131008, "formatted_name"),
    "a contact with one name": (
        {"type": "contacts", "contacts": [{"name": {"formatted_name": "Ada"}}]},
        131009,
        "at least one part",
    ),
    "a reaction to nothing": ({"type": "reaction", "reaction": {"emoji": "x"}}, 131008, "message"),
    "a sticker with words": (
        {"type": "sticker", "sticker": {"link": URL, "caption": "x"}},
        100,
        "sticker takes no caption",
    ),
    "a file that was not uploaded": ({"type": "image", "image": {"id": "1"}}, 100, "attachment ID"),
    "a header of another kind": (header({"type": "audio", "audio": {"link": URL}}), 132012, ""),
    "an empty variable": (header({"type": "text", "text": ""}), 131008, "text value"),
    "a button of another kind": (button("quick_reply", type="text", text="x"), 132018, "payload"),
    "a button without a value": (button("url", type="text"), 131008, "'text' is missing"),
    "a status of ours": ({"status": "delivered"}, 100, "{READ}"),
    "a read receipt of nothing": ({"status": "read"}, 131008, "message_id"),
}


def read(changes: dict[str, Any]) -> dict[str, Any]:
    message = {"messaging_product": "whatsapp", "to": "15550009000", **changes}
    return read_message(json.dumps(message).encode(), Uploads())


@pytest.mark.parametrize(("changes", "code", "details"), REFUSED.values(), ids=REFUSED)
def test_refuses_as_meta_does(changes: dict[str, Any], code: int, details: str) -> None:
    """What is beyond Meta's limits gets its code, and says what was wrong."""
    with pytest.raises(Invalid) as caught:
        read(changes)
    assert caught.value.code == code
    assert details in caught.value.details


PLACE = {"latitude": 52.5, "longitude": -13.25, "name": "Home"}
SHOWN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "buttons": (
        buttons("Yes", "No", header={"type": "text", "text": "Order"}, footer={"text": "Bye"}),
        {"text": "Order\nWhich?\nBye", "buttons": ("Yes", "No")},
    ),
    "a list": (rows("1", "2", title="Express"), {"buttons": ("Express", "Express")}),
    "a link": (
        interactive("cta_url", {"name": "cta_url", "parameters": LINK}),
        {"buttons": (f"Look: {URL}",)},
    ),
    "a place": (
        {"type": "location", "location": PLACE},
        {"text": "Home\ngeo:52.5,-13.25"},
    ),
    "contacts": (
        {
            "type": "contacts",
            "contacts": [{"name": {"formatted_name": "Ada", "first_name": "Ada"}}],
        },
        {"text": "Ada"},
    ),
    "a template": (
        template(
            {"type": "header", "parameters": [{"type": "location", "location": PLACE}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Ada"}]},
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": "0",
                "parameters": [{"type": "payload", "payload": "yes"}],
            },
        ),
        {
            "template": "order",
            "variables": {"header.1": "Home\ngeo:52.5,-13.25", "1": "Ada"},
            "buttons": ("0: yes",),
        },
    ),
}


@pytest.mark.parametrize(("changes", "expected"), SHOWN.values(), ids=SHOWN)
def test_shows_what_the_recipient_sees(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    """The inbox has words, variables, and what can be tapped."""
    found = shown(read(changes), Uploads())
    assert {name: getattr(found, name) for name in expected} == expected
