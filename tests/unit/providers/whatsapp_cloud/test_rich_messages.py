"""What WhatsApp is asked to send of things to tap, places, people, reactions and templates."""

from __future__ import annotations

from typing import Any

import pytest

from herald.contracts.failures import Failure
from unit.channel_whatsapp.making import ATTEMPT, work
from unit.providers.whatsapp_cloud.making import message_for

URL = "https://files.example.com/a.png"
PICTURE = {"url": URL, "kind": "image"}
TO_WAMID = {"in_reply_to": {"reference": "wamid.IN", "account": "wa-main"}}
YES_NO = [{"id": "yes", "title": "Yes"}, {"id": "no", "title": "No"}]
REPLIES = {"buttons": [{"type": "reply", "reply": button} for button in YES_NO]}
ROWS = [{"id": "1", "title": "Express", "description": "Next day"}, {"id": "2", "title": "Slow"}]
PLACE = {"latitude": 52.52, "longitude": 13.4, "name": "Home", "address": "Street 1"}
ORDER = {"name": "order"}


def interactive(kind: str, action: dict[str, Any], **parts: Any) -> dict[str, Any]:
    body = {"type": kind, "body": {"text": "Which?"}, **parts, "action": action}
    return {"type": "interactive", "interactive": body}


def template(*components: dict[str, Any]) -> dict[str, Any]:
    named = {"name": "order", "language": {"code": "en"}, "components": [*components]}
    return {"type": "template", "template": named}


def button(kind: str, index: str, **parameter: str) -> dict[str, Any]:
    return {"type": "button", "sub_type": kind, "index": index, "parameters": [parameter]}


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "buttons": ({"text": "Which?", "buttons": YES_NO}, interactive("button", REPLIES)),
    "buttons with a header and a footer": (
        {"text": "Which?", "buttons": YES_NO, "header": "Order 17", "footer": "Thanks"},
        interactive(
            "button",
            REPLIES,
            header={"type": "text", "text": "Order 17"},
            footer={"text": "Thanks"},
        ),
    ),
    "buttons under a picture": (
        {"text": "Which?", "buttons": YES_NO, "media": [PICTURE]},
        interactive("button", REPLIES, header={"type": "image", "image": {"link": URL}}),
    ),
    "a list": (
        {"text": "Which?", "list": {"button": "Ways", "sections": [{"rows": ROWS}]}},
        interactive("list", {"button": "Ways", "sections": [{"rows": ROWS}]}),
    ),
    "a list in sections": (
        {
            "text": "Which?",
            "list": {
                "button": "Ways",
                "sections": [
                    {"title": "Fast", "rows": ROWS[:1]},
                    {"title": "Slow", "rows": ROWS[1:]},
                ],
            },
        },
        interactive(
            "list",
            {
                "button": "Ways",
                "sections": [
                    {"title": "Fast", "rows": ROWS[:1]},
                    {"title": "Slow", "rows": ROWS[1:]},
                ],
            },
        ),
    ),
    "a link": (
        {"text": "Which?", "link": {"title": "Look", "url": URL}},
        interactive(
            "cta_url", {"name": "cta_url", "parameters": {"display_text": "Look", "url": URL}}
        ),
    ),
    "a location": ({"location": PLACE}, {"type": "location", "location": PLACE}),
    "a location without words": (
        {"location": {"latitude": 0, "longitude": -0.5}},
        {"type": "location", "location": {"latitude": 0.0, "longitude": -0.5}},
    ),
    "contacts": (
        {
            "contacts": [
                {
                    "name": "Ada L.",
                    "first_name": "Ada",
                    "last_name": "L.",
                    "organisation": "Engines",
                    "phones": [{"number": "+1 555", "kind": "WORK", "whatsapp": "15550002222"}],
                    "emails": ["ada@example.org"],
                },
                {"name": "Bob"},
            ]
        },
        {
            "type": "contacts",
            "contacts": [
                {
                    "name": {"formatted_name": "Ada L.", "first_name": "Ada", "last_name": "L."},
                    "org": {"company": "Engines"},
                    "phones": [{"phone": "+1 555", "type": "WORK", "wa_id": "15550002222"}],
                    "emails": [{"email": "ada@example.org"}],
                },
                {"name": {"formatted_name": "Bob", "first_name": "Bob"}},
            ],
        },
    ),
    "a reaction": (
        {"reaction": {"emoji": "👍"}, **TO_WAMID},
        {"type": "reaction", "reaction": {"message_id": "wamid.IN", "emoji": "👍"}},
    ),
    "a reaction taken back": (
        {"reaction": {"emoji": ""}, **TO_WAMID},
        {"type": "reaction", "reaction": {"message_id": "wamid.IN", "emoji": ""}},
    ),
    "a sticker": (
        {"media": [{"url": URL, "kind": "sticker"}]},
        {"type": "sticker", "sticker": {"link": URL}},
    ),
    "a template's picture": (
        {"template": {**ORDER, "header": {"media": PICTURE}}},
        template({"type": "header", "parameters": [{"type": "image", "image": {"link": URL}}]}),
    ),
    "a template's document, with its name": (
        {
            "template": {
                **ORDER,
                "header": {"media": {"url": URL, "kind": "document", "filename": "a.pdf"}},
            }
        },
        template(
            {
                "type": "header",
                "parameters": [
                    {"type": "document", "document": {"link": URL, "filename": "a.pdf"}}
                ],
            }
        ),
    ),
    "a template's place": (
        {"template": {**ORDER, "header": {"location": PLACE}}},
        template({"type": "header", "parameters": [{"type": "location", "location": PLACE}]}),
    ),
    "a template's line, text and buttons": (
        {
            "template": {
                **ORDER,
                "variables": {"1": "Ada"},
                "header": {"variables": {"1": "17"}},
                "buttons": [
                    {"index": 0, "kind": "quick_reply", "value": "yes"},
                    {"index": 1, "kind": "url", "value": "17?a=b"},
                    {"index": 2, "kind": "copy_code", "value": "SAVE17"},
                ],
            }
        },
        template(
            {"type": "header", "parameters": [{"type": "text", "text": "17"}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Ada"}]},
            button("quick_reply", "0", type="payload", payload="yes"),
            button("url", "1", type="text", text="17?a=b"),
            button("copy_code", "2", type="coupon_code", coupon_code="SAVE17"),
        ),
    ),
    "a template's line by name": (
        {"template": {**ORDER, "header": {"variables": {"day": "Monday"}}}},
        template(
            {
                "type": "header",
                "parameters": [{"type": "text", "parameter_name": "day", "text": "Monday"}],
            }
        ),
    ),
}


@pytest.mark.parametrize(("content", "expected"), CASES.values(), ids=CASES)
def test_payload(content: dict[str, Any], expected: dict[str, Any]) -> None:
    """A content becomes exactly the message that Meta documents, with our id in it."""
    assert message_for(work(content)) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "15550002222",
        "biz_opaque_callback_data": ATTEMPT,
        **expected,
    }


@pytest.mark.parametrize("typing", [True, False])
def test_a_read_receipt(typing: bool) -> None:
    """It names the message alone: Meta takes neither a recipient nor our id with it."""
    expected: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.IN",
    }
    if typing:
        expected["typing_indicator"] = {"type": "text"}
    assert message_for(work({"read_receipt": {"typing": typing}, **TO_WAMID})) == expected


@pytest.mark.parametrize("part", [{"reaction": {"emoji": "👍"}}, {"read_receipt": {}}])
@pytest.mark.parametrize(
    "reply", [{}, {"in_reply_to": {"reference": "wamid.IN", "account": "wa-second"}}]
)
def test_what_came_to_another_number_is_not_this_ones(
    part: dict[str, Any], reply: dict[str, Any]
) -> None:
    """No call is made, for Meta would find no such message."""
    failure = message_for(work({**part, **reply}))
    assert isinstance(failure, Failure)
    assert (failure.failure_class, failure.code) == ("permanent", "no_such_reply")


def test_an_answer_with_buttons_quotes() -> None:
    """What can be tapped may answer, too."""
    body = message_for(work({"text": "Which?", "buttons": YES_NO, **TO_WAMID}))
    assert not isinstance(body, Failure)
    assert body["context"] == {"message_id": "wamid.IN"}
