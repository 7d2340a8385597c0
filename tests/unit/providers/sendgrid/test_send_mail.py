"""What SendGrid is asked to send."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from herald.contracts.failures import Failure
from herald.providers.sendgrid.send import write_mail
from unit.channel_email.making import ATTEMPT, TO, work
from unit.channel_email.test_attachments import PNG, rendered
from unit.providers.sendgrid.making import ACCOUNT, mail_for

LINK = "https://files.example.com/a.pdf?x=1&y=2"
HERALD = {"email": "no-reply@example.com", "name": "Herald"}
PLAIN = {"type": "text/plain", "value": "Hello"}
HTML = {"type": "text/html", "value": "<p>Hello</p>"}
FILE = {"media": [{"url": LINK, "caption": "Bill <1>"}]}


def mail(*content: dict[str, str], **changes: Any) -> dict[str, Any]:
    arguments = {"herald_attempt": ATTEMPT}
    return {
        "personalizations": [{"to": [{"email": TO}], "custom_args": arguments}],
        "from": HERALD,
        "subject": "Hi",
        "content": list(content),
        **changes,
    }


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": ({"text": "Hello", "subject": "Hi"}, mail(PLAIN)),
    "text before html": (
        {"html": "<p>Hello</p>", "text": "Hello", "subject": "Hi"},
        mail(PLAIN, HTML),
    ),
    "html alone": ({"html": "<p>Hello</p>", "subject": "Hi"}, mail(HTML)),
    "no subject": ({"text": "Hello"}, mail(PLAIN, subject=" ")),
    "a file in both parts": (
        {"text": "Hello", "html": "<p>Hello</p>", "subject": "Hi", **FILE},
        mail(
            {"type": "text/plain", "value": f"Hello\n\nBill <1>: {LINK}"},
            {
                "type": "text/html",
                "value": "<p>Hello</p>"
                '<p><a href="https://files.example.com/a.pdf?x=1&amp;y=2">Bill &lt;1&gt;</a></p>',
            },
        ),
    ),
    "html alone stays alone beside a file": (
        {"html": "<p>Hello</p>", "subject": "Hi", "media": [{"url": "https://a.example.com/"}]},
        mail(
            {
                "type": "text/html",
                "value": "<p>Hello</p>"
                '<p><a href="https://a.example.com/">https://a.example.com/</a></p>',
            }
        ),
    ),
    "a file alone": (
        {"subject": "Hi", "media": [{"url": LINK}]},
        mail({"type": "text/plain", "value": LINK}),
    ),
    "files by name": (
        {"subject": "Hi", "media": [{"url": LINK, "filename": "a.pdf"}, {"url": LINK}]},
        mail({"type": "text/plain", "value": f"a.pdf: {LINK}\n{LINK}"}),
    ),
    "a dynamic template": (
        {"text": "Hello", "template": {"name": "d-123", "variables": {"name": "Ada"}}},
        {
            "personalizations": [
                {
                    "to": [{"email": TO}],
                    "custom_args": {"herald_attempt": ATTEMPT},
                    "dynamic_template_data": {"name": "Ada"},
                }
            ],
            "from": HERALD,
            "template_id": "d-123",
        },
    ),
    "another provider's template": (
        {"text": "Hello", "subject": "Hi", "template": {"name": "order"}},
        mail(PLAIN),
    ),
}


@pytest.mark.parametrize(("content", "expected"), CASES.values(), ids=CASES)
def test_payload(content: dict[str, Any], expected: dict[str, Any]) -> None:
    """A content becomes exactly the request that SendGrid documents, with our id in it."""
    assert mail_for(work(content)) == expected


def test_names() -> None:
    """The recipient's name goes along; a sender may be an address alone."""
    body = mail_for(work(recipient_name="Ada Lovelace", sender="no-reply@example.com"))
    assert isinstance(body, dict)
    assert body["personalizations"][0]["to"] == [{"email": TO, "name": "Ada Lovelace"}]
    assert body["from"] == {"email": "no-reply@example.com"}


@pytest.mark.parametrize("sender", [None, "", "Herald", "Herald <>", "no-reply@", "@example.com"])
@pytest.mark.parametrize("content", [{"text": "x"}, {"template": {"name": "d-1"}}])
def test_no_sender(sender: str | None, content: dict[str, Any]) -> None:
    """Without an address to send from, the account is at fault, not the content."""
    failure = mail_for(work(content, sender=sender))
    assert isinstance(failure, Failure)
    assert (failure.failure_class, failure.code) == ("auth", "no_sender")


@pytest.mark.parametrize("content", [{}, {"subject": "x"}, {"text": ""}, {"text": "", "html": ""}])
def test_no_content(content: dict[str, Any]) -> None:
    """A subject alone is no mail."""
    failure = mail_for(work(content))
    assert isinstance(failure, Failure)
    assert (failure.failure_class, failure.code) == ("content", "no_content")


def test_an_answer_names_what_it_answers() -> None:
    """Mail programs show it there by these headers."""
    content = {"text": "x", "subject": "Re", "in_reply_to": {"reference": "<a@b.example>"}}
    body = mail_for(work(content))
    assert not isinstance(body, Failure)
    assert body["headers"] == {"In-Reply-To": "<a@b.example>", "References": "<a@b.example>"}


def test_one_click_unsubscribes() -> None:
    """A mail with a link has both headers of RFC 8058, one of a template, too."""
    url = "https://hooks.example.com/unsubscribe/t"
    for content in ({"text": "Hello"}, {"template": {"name": "d-1", "language": "en"}}):
        found = mail_for(work(content, unsubscribe_url=url))
        assert not isinstance(found, Failure)
        assert found["headers"] == {
            "List-Unsubscribe": f"<{url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }


def test_files_go_along() -> None:
    """An attachment and an image of the HTML go as base64, with what SendGrid calls them."""
    media: list[dict[str, Any]] = [
        {"url": LINK, "attach": True, "filename": "a.pdf"},
        {"url": LINK, "content_id": "logo"},
    ]
    content = rendered(media, ["../a.pdf", "b.png"], text="x", html="<p>x</p>")
    assert write_mail(ACCOUNT, work(), content)["attachments"] == [
        {
            "content": b64encode(PNG).decode(),
            "type": "image/png",
            "filename": "a.pdf",
            "disposition": "attachment",
        },
        {
            "content": b64encode(PNG).decode(),
            "type": "image/png",
            "filename": "b.png",
            "disposition": "inline",
            "content_id": "logo",
        },
    ]


def test_our_own_message_id() -> None:
    """Where an account asks for it the mail has our Message-ID, by which answers are known."""
    account = ACCOUNT.model_copy(update={"own_message_id": True})
    sent = write_mail(account, work(), rendered([], [], text="x"))
    assert sent["headers"]["Message-ID"] == f"<{ATTEMPT}@example.com>"
    assert "headers" not in write_mail(ACCOUNT, work(), rendered([], [], text="x"))
