"""What may be said beside texts and files: at the door, and in one message."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import to_json

from herald.contracts.content import ChannelContent, Content
from herald.contracts.content.mediums import why_unsayable
from herald.contracts.content.rich_rules import EVERY_PART, RICH, rich_parts, without_parts
from herald.contracts.echoes import said_in
from herald.contracts.validation_errors import validation_errors_of
from herald.contracts.work import WorkContent

ROOT = Path(__file__).parents[3]
URL = "https://files.example.com/a.png"
BUTTON = {"id": "yes", "title": "Yes"}
ROW = {"id": "1", "title": "Express"}
LIST = {"button": "Ways", "sections": [{"rows": [ROW]}]}
LINK = {"title": "Look", "url": URL}
PLACE = {"latitude": 1.5, "longitude": 2}
CONTACT = {"name": "Ada"}
IMAGE = {"url": URL, "kind": "image"}


def read(**parts: Any) -> Content:
    return Content.model_validate_json(to_json({"text": "Which?", **parts}))


def rows(count: int) -> list[dict[str, str]]:
    return [{"id": str(number), "title": "x"} for number in range(count)]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"buttons": [BUTTON] * 2}, "buttons"),
    ({"buttons": [{"id": str(n), "title": str(n)} for n in range(4)]}, "buttons"),
    ({"buttons": [{"id": "yes", "title": "x" * 21}]}, "buttons.0.title"),
    ({"buttons": [{"id": "x" * 257, "title": "x"}]}, "buttons.0.id"),
    ({"buttons": [{"id": " yes", "title": "x"}]}, "buttons.0.id"),
    ({"buttons": [{"id": "yes", "title": " "}]}, "buttons.0.title"),
    ({"buttons": [{"id": "yes", "titel": "x"}]}, "buttons.0.titel"),
    ({"header": "x" * 61}, "header"),
    ({"footer": "a\nb"}, "footer"),
    ({"link": {"title": "x", "url": "http://example.com"}}, "link.url"),
    ({"list": {"button": "x" * 21, "sections": [{"rows": [ROW]}]}}, "list.button"),
    ({"list": {"button": "x", "sections": []}}, "list.sections"),
    ({"list": {"button": "x", "sections": [{"rows": []}]}}, "list.sections.0.rows"),
    ({"list": {"button": "x", "sections": [{"rows": [ROW, ROW]}]}}, "list"),
    ({"list": {"button": "x", "sections": [{"rows": rows(11)}]}}, "list.sections.0.rows"),
    (
        {"list": {"button": "x", "sections": [{"title": n, "rows": rows(6)} for n in "ab"]}},
        "list",
    ),
    (
        {"list": {"button": "x", "sections": [{"rows": [ROW]}, {"rows": [{**ROW, "id": "2"}]}]}},
        "list",
    ),
    (
        {"list": {"button": "x", "sections": [{"rows": [{**ROW, "description": "x" * 73}]}]}},
        "list.sections.0.rows.0.description",
    ),
    ({"location": {"latitude": 90.1, "longitude": 0}}, "location.latitude"),
    ({"location": {"latitude": 0, "longitude": "13"}}, "location.longitude"),
    ({"location": {"latitude": 0}}, "location.longitude"),
    ({"contacts": [{"phones": []}]}, "contacts.0.name"),
    ({"contacts": [{"name": "A", "phones": [{"number": "1", "whatsapp": "+49"}]}]}, "contacts"),
    ({"reaction": {"emoji": "x" * 33}}, "reaction.emoji"),
    ({"template": {"name": "x", "header": {}}}, "template.header"),
    ({"template": {"name": "x", "header": {"media": IMAGE, "location": PLACE}}}, "template.header"),
    ({"template": {"name": "x", "header": {"media": {**IMAGE, "kind": "audio"}}}}, "template"),
    (
        {"template": {"name": "x", "header": {"variables": {"1": "a", "2": "b"}}}},
        "template.header.variables",
    ),
    (
        {"template": {"name": "x", "buttons": [{"index": 10, "kind": "url", "value": "x"}]}},
        "template.buttons.0.index",
    ),
    (
        {"template": {"name": "x", "buttons": [{"index": 0, "kind": "call", "value": "x"}]}},
        "template.buttons.0.kind",
    ),
]


@pytest.mark.parametrize(("parts", "at"), REFUSED)
def test_the_door_names_the_part_at_fault(parts: dict[str, Any], at: str) -> None:
    """What no provider could send is refused when it is asked for."""
    with pytest.raises(ValidationError) as caught:
        read(**parts)
    fields = [field for field, _ in validation_errors_of(caught.value)]
    assert fields[0].startswith(at)


@pytest.mark.parametrize(
    "parts",
    [
        {"buttons": [{"id": "x" * 256, "title": "👍" * 20}]},
        {"list": {"button": "x", "sections": [{"rows": rows(10)}]}},
        {"text": None, "location": {"latitude": -90, "longitude": 180.0}},
        {"text": None, "reaction": {"emoji": ""}},
        {"text": None, "read_receipt": {}},
    ],
)
def test_up_to_its_limits_all_is_taken(parts: dict[str, Any]) -> None:
    """A place, a reaction or a read receipt says something by itself."""
    assert read(**parts).says_something


ONE_MESSAGE: list[dict[str, Any]] = [
    {"text": "x" * 1024, "buttons": [BUTTON], "header": "x", "footer": "x"},
    {"text": "x" * 1024, "buttons": [BUTTON], "media": [IMAGE], "footer": "x"},
    {"text": "x" * 4096, "list": LIST, "header": "x"},
    {"text": "x", "link": LINK, "media": [{**IMAGE, "kind": "document"}]},
    {"location": PLACE},
    {"contacts": [CONTACT, CONTACT]},
    {"reaction": {"emoji": ""}},
    {"media": [{**IMAGE, "kind": "sticker"}]},
]


@pytest.mark.parametrize("parts", ONE_MESSAGE)
def test_what_makes_one_message(parts: dict[str, Any]) -> None:
    """What WhatsApp shows in one bubble can be said."""
    content = WorkContent.model_validate(parts)
    assert why_unsayable("whatsapp", content, holds_template=False) is None


SEVERAL: list[tuple[dict[str, Any], str, str]] = [
    ({"text": "x", "location": PLACE}, "location", "two_messages"),
    ({"location": PLACE, "contacts": [CONTACT]}, "location", "two_messages"),
    ({"reaction": {"emoji": "x"}, "media": [IMAGE]}, "reaction", "two_messages"),
    ({"text": "x", "buttons": [BUTTON], "link": LINK}, "link", "two_messages"),
    ({"text": "x", "header": "x"}, "header", "nothing_to_tap"),
    ({"text": "x", "footer": "x"}, "footer", "nothing_to_tap"),
    ({"media": [IMAGE], "buttons": [BUTTON]}, "buttons", "no_text"),
    ({"text": "x", "buttons": [BUTTON], "header": "x", "media": [IMAGE]}, "header", "two_headers"),
    ({"text": "x", "list": LIST, "media": [IMAGE]}, "media", "no_file_header"),
    (
        {"text": "x", "buttons": [BUTTON], "media": [{**IMAGE, "kind": "audio"}]},
        "media",
        "no_file_header",
    ),
    ({"text": "x" * 1025, "link": LINK}, "text", "too_long"),
    ({"text": "x", "media": [{**IMAGE, "kind": "sticker"}]}, "text", "no_caption"),
]


@pytest.mark.parametrize(("parts", "at", "code"), SEVERAL)
def test_what_does_not(parts: dict[str, Any], at: str, code: str) -> None:
    """Nothing is left out silently: the part that does not fit is named."""
    content = WorkContent.model_validate(parts)
    problem = why_unsayable("whatsapp", content, holds_template=False)
    assert problem is not None
    assert (problem.part, problem.code) == (at, code)


def test_a_message_by_itself_replaces_what_is_said_elsewhere() -> None:
    """A channel's place needs no word that the common text is not meant there."""
    content = read(header="x", overrides={"whatsapp": {"location": PLACE}})
    said = content.on("whatsapp")
    assert (said.text, said.header, said.location is not None) == (None, None, True)
    assert content.on("sms").text == "Which?"


def test_the_rich_parts_are_named() -> None:
    """Those of the template count where it is sent, else those around it."""
    template = {"name": "x", "buttons": [{"index": 0, "kind": "url", "value": "x"}]}
    content = read(template=template, buttons=[BUTTON], footer="x")
    assert rich_parts(content, holds_template=True) == {"template.buttons"}
    assert rich_parts(content, holds_template=False) == {"buttons", "footer"}
    assert rich_parts(without_parts(content, EVERY_PART), holds_template=False) == frozenset()
    assert set(RICH) < EVERY_PART


def test_a_worker_ignores_what_it_does_not_know() -> None:
    """A newer router may say more of every part; values stay as they were accepted."""
    parts = {
        "text": "x",
        "buttons": [{**BUTTON, "new": 1}],
        "list": {**LIST, "new": 1, "sections": [{"new": 1, "rows": [{**ROW, "new": 1}]}]},
        "link": {**LINK, "new": 1},
        "location": {**PLACE, "new": 1},
        "contacts": [{**CONTACT, "new": 1, "phones": [{"number": "1", "new": 1}]}],
        "reaction": {"emoji": "x", "new": 1},
        "read_receipt": {"new": 1},
        "template": {
            "name": "x",
            "header": {"media": {**IMAGE, "new": 1}, "new": 1},
            "buttons": [{"index": 0, "kind": "url", "value": "x", "new": 1}],
        },
    }
    content = WorkContent.model_validate_json(to_json(parts))
    assert b"new" not in content.model_dump_json().encode()
    assert rich_parts(content, holds_template=False) == set(RICH) - {"header", "footer"}


def test_all_that_is_said_may_be_hidden() -> None:
    """A provider that quotes a button or a contact repeats what a user asked to send."""
    content = ChannelContent.model_validate(
        {
            "text": "The text",
            "header": "The header",
            "buttons": ({"id": "the-id", "title": "The title"},),
            "list": {"button": "x", "sections": ({"rows": ({"id": "r", "title": "The row"},)},)},
            "location": {"latitude": 1.0, "longitude": 1.0, "name": "The place"},
            "contacts": ({"name": "The contact", "phones": ({"number": "0123"},)},),
            "template": {"name": "x", "header": {"variables": {"1": "The value"}}},
        }
    )
    said = {*said_in(content)}
    expected = ("text", "header", "title", "row", "place", "contact", "value")
    assert {f"The {word}" for word in expected} | {"the-id", "0123"} <= said


def test_the_examples_of_the_page_are_contents() -> None:
    """Whoever copies one gets what it shows."""
    page = (ROOT / "docs/rich_content.md").read_text()
    examples = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert len(examples) > 6
    for example in examples:
        assert Content.model_validate_json(example).says_something
