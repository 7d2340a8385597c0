"""What WhatsApp is asked to send."""

from __future__ import annotations

from typing import Any

import pytest

from herald.contracts.failures import Failure
from unit.channel_whatsapp.making import ATTEMPT, work
from unit.providers.whatsapp_cloud.making import message_for

URL = "https://files.example.com/a.pdf"


def media(kind: str, **parts: str) -> dict[str, Any]:
    return {"media": [{"url": URL, "kind": kind, **parts}]}


def template(variables: dict[str, str] | None = None, **changes: str) -> dict[str, Any]:
    return {"template": {"name": "order", **changes, "variables": variables or {}}}


def filled(*parameters: dict[str, str], code: str = "en") -> dict[str, Any]:
    named = {"name": "order", "language": {"code": code}}
    if not parameters:
        return {"type": "template", "template": named}
    components = [{"type": "body", "parameters": [{"type": "text", **p} for p in parameters]}]
    return {"type": "template", "template": {**named, "components": components}}


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": (
        {"text": "Hello https://example.com"},
        {"type": "text", "text": {"body": "Hello https://example.com", "preview_url": True}},
    ),
    "text at the limit": (
        {"text": "x" * 4096},
        {"type": "text", "text": {"body": "x" * 4096, "preview_url": True}},
    ),
    "image": (media("image"), {"type": "image", "image": {"link": URL}}),
    "video with a caption": (
        media("video", caption="Look"),
        {"type": "video", "video": {"link": URL, "caption": "Look"}},
    ),
    "audio": (media("audio"), {"type": "audio", "audio": {"link": URL}}),
    "document with a name": (
        media("document", caption="Bill", filename="bill.pdf"),
        {"type": "document", "document": {"link": URL, "caption": "Bill", "filename": "bill.pdf"}},
    ),
    "only a document has a name": (
        media("image", filename="a.png"),
        {"type": "image", "image": {"link": URL}},
    ),
    "text becomes the caption": (
        {"text": "Your bill", **media("document")},
        {"type": "document", "document": {"link": URL, "caption": "Your bill"}},
    ),
    "text stands before a caption": (
        {"text": "Your bill", **media("document", caption="Page 1")},
        {"type": "document", "document": {"link": URL, "caption": "Your bill\n\nPage 1"}},
    ),
    "template": (template(), filled()),
    "template in a regional language": (template(language="pt-BR"), filled(code="pt_BR")),
    "numbered variables go by number": (
        template({"10": "j", "2": "b", "1": "a"}),
        filled({"text": "a"}, {"text": "b"}, {"text": "j"}),
    ),
    "named variables keep their names": (
        template({"first": "Ada", "1": "x"}),
        filled({"parameter_name": "first", "text": "Ada"}, {"parameter_name": "1", "text": "x"}),
    ),
    "a digit that is no number is a name": (
        template({"²": "x"}),
        filled({"parameter_name": "²", "text": "x"}),
    ),
    "a template goes before a text": ({"text": "Hello", **template()}, filled()),
    "html and subject are for e-mail": (
        {"text": "Hello", "html": "<p>Hello</p>", "subject": "Hello"},
        {"type": "text", "text": {"body": "Hello", "preview_url": True}},
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


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "only html": ({"html": "<p>Hello</p>"}, "no_content"),
    "only a subject": ({"subject": "Hello"}, "no_content"),
    "nothing": ({"text": ""}, "no_content"),
    "one character too many": ({"text": "x" * 4097}, "too_long"),
    "two files": ({"media": [{"url": URL}, {"url": URL}]}, "too_many_media"),
    "audio with a caption": (media("audio", caption="Listen"), "no_caption"),
    "audio beside a text": ({"text": "Listen", **media("audio")}, "no_caption"),
    "a text too long for a caption": ({"text": "x" * 1025, **media("image")}, "too_long"),
    "a caption too long with its text": (
        {"text": "x" * 600, **media("image", caption="y" * 600)},
        "too_long",
    ),
}


@pytest.mark.parametrize(("content", "code"), UNFIT.values(), ids=UNFIT)
def test_unfit_content(content: dict[str, Any], code: str) -> None:
    """Content that WhatsApp can't carry whole is a content failure, never cut or dropped."""
    failure = message_for(work(content))
    assert isinstance(failure, Failure)
    assert (failure.failure_class, failure.code) == ("content", code)


def test_a_user_without_a_number_is_named_by_id() -> None:
    """Meta takes its own id of a user as `recipient`, and no number beside it."""
    body = message_for(work({"text": "Hi"}, to="US.1234"))
    assert not isinstance(body, Failure)
    assert body["recipient"] == "US.1234"
    assert "to" not in body


@pytest.mark.parametrize(
    ("reply", "context"),
    [
        ({"reference": "wamid.IN", "account": "wa-main"}, {"message_id": "wamid.IN"}),
        ({"reference": "wamid.IN", "account": "wa-second"}, None),
    ],
)
def test_an_answer_quotes_what_came_to_this_number(
    reply: dict[str, str], context: dict[str, str] | None
) -> None:
    """Another number's id means nothing to this one."""
    body = message_for(work({"text": "Hi", "in_reply_to": reply}))
    assert not isinstance(body, Failure)
    assert body.get("context") == context
