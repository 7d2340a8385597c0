"""What Postmark is asked to send."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from herald.providers.postmark.account import PostmarkAccount
from herald.providers.postmark.send import write_mail
from unit.channel_email.making import ATTEMPT, TO, work
from unit.channel_email.test_attachments import PNG, rendered
from unit.providers.postmark.making import ACCOUNT, mail_for

LINK = "https://files.example.com/a.pdf?x=1&y=2"
MESSAGE_ID = [
    {"Name": "Message-ID", "Value": f"<{ATTEMPT}@example.com>"},
    {"Name": "X-PM-KeepID", "Value": "true"},
]


def mail(**parts: Any) -> dict[str, Any]:
    return {
        "From": '"Herald" <no-reply@example.com>',
        "To": TO,
        "MessageStream": "outbound",
        "Metadata": {"herald_attempt": ATTEMPT},
        "Headers": MESSAGE_ID,
        **parts,
    }


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": ({"text": "Hello", "subject": "Hi"}, mail(Subject="Hi", TextBody="Hello")),
    "text and html": (
        {"text": "Hello", "html": "<p>Hello</p>", "subject": "Hi"},
        mail(Subject="Hi", TextBody="Hello", HtmlBody="<p>Hello</p>"),
    ),
    "html alone": ({"html": "<p>Hello</p>"}, mail(Subject="", HtmlBody="<p>Hello</p>")),
    "a file by link": (
        {"subject": "Hi", "media": [{"url": LINK, "filename": "a.pdf"}]},
        mail(Subject="Hi", TextBody=f"a.pdf: {LINK}"),
    ),
    "a template by alias": (
        {"text": "Hello", "template": {"name": "welcome", "variables": {"name": "Ada"}}},
        mail(TemplateAlias="welcome", TemplateModel={"name": "Ada"}),
    ),
    "a template by id": (
        {"template": {"name": "1234", "variables": {}}},
        mail(TemplateId=1234, TemplateModel={}),
    ),
    "a template of another provider": (
        {"text": "Hello", "subject": "Hi", "template": {"name": "order"}},
        mail(Subject="Hi", TextBody="Hello"),
    ),
}


@pytest.mark.parametrize(("content", "expected"), CASES.values(), ids=CASES)
def test_payload(content: dict[str, Any], expected: dict[str, Any]) -> None:
    """A content becomes exactly the request that Postmark documents, with our id in it."""
    assert mail_for(work(content)) == expected


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ada Lovelace", f'"Ada Lovelace" <{TO}>'),
        ('Ada "The" \\ L, <x@y.example>', f'"Ada \\"The\\" \\\\ L, <x@y.example>" <{TO}>'),
        ("Ada Å", f'"Ada Å" <{TO}>'),
    ],
)
def test_a_name_stays_a_name(name: str, written: str) -> None:
    """No name can add a recipient."""
    assert mail_for(work(recipient_name=name))["To"] == written


def test_an_answer_names_what_it_answers() -> None:
    """Mail programs show it there by these headers."""
    content = {"text": "x", "subject": "Re", "in_reply_to": {"reference": "<a@b.example>"}}
    headers = mail_for(work(content))["Headers"]
    assert {"Name": "In-Reply-To", "Value": "<a@b.example>"} in headers
    assert {"Name": "References", "Value": "<a@b.example>"} in headers


def test_one_click_unsubscribes() -> None:
    """A mail with a link has both headers of RFC 8058, one of a template, too."""
    url = "https://hooks.example.com/unsubscribe/t"
    for content in ({"text": "Hello"}, {"template": {"name": "welcome"}}):
        headers = mail_for(work(content, unsubscribe_url=url))["Headers"]
        assert {"Name": "List-Unsubscribe", "Value": f"<{url}>"} in headers
        one_click = {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"}
        assert one_click in headers


def test_the_lane_travels_along() -> None:
    """An event finds the queue of its kind without a look-up."""
    assert mail_for(work(lane="urgent"))["Metadata"] == {"herald_attempt": f"{ATTEMPT}.u"}


def test_stream_and_tracking() -> None:
    """The account says which stream is used, and what is reported."""
    account = PostmarkAccount(
        provider="postmark", message_stream="news", track_opens=False, track_links="HtmlOnly"
    )
    found = mail_for(work(), account)
    wanted = {"MessageStream": "news", "TrackOpens": False, "TrackLinks": "HtmlOnly"}
    assert found.items() >= wanted.items()


def test_files_go_along() -> None:
    """An attachment and an image of the HTML go as base64, with what Postmark calls them."""
    media: list[dict[str, Any]] = [
        {"url": LINK, "attach": True},
        {"url": LINK, "content_id": "logo"},
    ]
    content = rendered(media, ["../a.pdf", "b.png"], text="x", html="<p>x</p>")
    file = {"Content": b64encode(PNG).decode(), "ContentType": "image/png"}
    assert write_mail(ACCOUNT, work(), content)["Attachments"] == [
        {"Name": "a.pdf", **file},
        {"Name": "b.png", **file, "ContentID": "cid:logo"},
    ]
