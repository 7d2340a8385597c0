"""The e-mail as it goes over the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_email.content import render
from herald.contracts.failures import Failure
from herald.contracts.work import Work
from unit.channel_email.making import ATTEMPT, SENDER, TO, work

NOW = datetime(2026, 1, 19, 12, 0, tzinfo=UTC)
BREAKERS = ["\r", "\n", "\r\n", "\x00"]


def write(order: Work) -> bytes | Failure:
    content = render(order, holds_template=False)
    return content if isinstance(content, Failure) else content.written(NOW, utf8=False)


def wire(content: dict[str, Any], **changes: Any) -> bytes:
    raw = write(work(content, **changes))
    assert isinstance(raw, bytes)
    return raw


def read(raw: bytes) -> EmailMessage:
    """Read a mail as its receiver does."""
    return message_from_bytes(raw, policy=default)


def body(mail: EmailMessage, kind: str) -> str | None:
    part = mail.get_body((kind,))
    return None if part is None else part.get_content()


def test_headers() -> None:
    """A mail says who, to whom, when, about what, and carries our ids."""
    mail = read(wire({"subject": "Your code", "text": "4711"}, recipient_name="Ada Lovelace"))
    assert dict(mail.items()) == {
        "From": SENDER,
        "To": f"Ada Lovelace <{TO}>",
        "Subject": "Your code",
        "Date": "Mon, 19 Jan 2026 12:00:00 +0000",
        "Message-ID": f"<{ATTEMPT}@example.com>",
        "X-Herald-Attempt": ATTEMPT,
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
        "MIME-Version": "1.0",
    }


def test_an_answer_names_what_it_answers() -> None:
    """Mail programs show it there by these headers; a line break in them is refused."""
    mail = read(wire({"text": "x", "in_reply_to": {"reference": "<a@b.example>"}}))
    assert (mail["In-Reply-To"], mail["References"]) == ("<a@b.example>", "<a@b.example>")
    broken = write(work({"text": "x", "in_reply_to": {"reference": "<a@b>\r\nBcc: eve@x.example"}}))
    assert isinstance(broken, Failure)


def test_alternatives() -> None:
    """Text comes before HTML, so that a mail program prefers the HTML."""
    mail = read(wire({"text": "Grüße", "html": "<p>Grüße</p>"}))
    assert mail.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    assert (body(mail, "plain"), body(mail, "html")) == ("Grüße\r\n", "<p>Grüße</p>\r\n")


def test_html_alone() -> None:
    """HTML without a text is one part."""
    mail = read(wire({"html": "<p>x</p>"}))
    assert (mail.get_content_type(), mail.get_content()) == ("text/html", "<p>x</p>\r\n")


def test_long_message_id() -> None:
    """A Message-ID is never folded or encoded, however long the domain: receivers compare it."""
    domain = "mail.a-rather-long-name-of-a-company-and-its-department.example.com"
    raw = wire({"text": "x"}, sender=f"no-reply@{domain}")
    assert f"Message-ID: <{ATTEMPT}@{domain}>\r\n".encode() in raw


@pytest.mark.parametrize(
    "name", ['Doe, "Jo" <evil@example.net>', "Zoë, (Ltd.); x@y", "名" * 12, "a" * 200, "\\", '"']
)
def test_names_stay_names(name: str) -> None:
    """Whatever a name contains, it names the same one mailbox."""
    mail = read(wire({"text": "x"}, recipient_name=name))
    (recipient,) = mail["To"].addresses
    assert (recipient.display_name, recipient.addr_spec) == (name, TO)


@pytest.mark.parametrize("breaker", BREAKERS)
def test_recipient_name_injection(breaker: str) -> None:
    """A name can't start another header."""
    mail = write(work(recipient_name=f"Ada{breaker}Bcc: eve@example.net"))
    if isinstance(mail, Failure):
        assert (mail.failure_class, mail.code) == ("content", "bad_header")
        assert "eve" not in mail.text
    else:
        assert_headers_are_ours(read(mail))


@pytest.mark.parametrize("breaker", BREAKERS)
@pytest.mark.parametrize("place", ["name", "address"])
def test_sender_injection(breaker: str, place: str) -> None:
    """A sender profile can't start another header."""
    extra = f"{breaker}Bcc: eve@example.net"
    sender = (
        f'"Herald{extra}" <no-reply@example.com>'
        if place == "name"
        else f"Herald <no-reply@example.com{extra}>"
    )
    mail = write(work(sender=sender))
    if isinstance(mail, bytes):
        assert_headers_are_ours(read(mail))


@pytest.mark.parametrize("breaker", [*BREAKERS, "\x0b", "\x85", "\u2028"])
def test_subject_injection(breaker: str) -> None:
    """A subject can't start another header, should one get past the command's own check."""
    order = work({"text": "x"})
    subject = f"Hi{breaker}Bcc: eve@example.net"
    content = order.content.model_copy(update={"subject": subject})
    mail = write(order.model_copy(update={"content": content}))
    if isinstance(mail, bytes):
        assert_headers_are_ours(read(mail))
    else:
        assert (mail.failure_class, mail.code) == ("content", "bad_header")


def assert_headers_are_ours(mail: EmailMessage) -> None:
    assert "Bcc" not in mail
    assert [address.addr_spec for address in mail["To"].addresses] == [TO]
    assert mail["X-Herald-Attempt"] == ATTEMPT


printable = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300)
character = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=2000
)


@given(subject=printable, text=character, html=character)
def test_any_text_arrives(subject: str, text: str, html: str) -> None:
    """Any subject and text arrive as they were, in ASCII lines that end in CRLF, none too long."""
    raw = wire({"subject": subject, "text": "x" + text, "html": "x" + html})
    assert raw.isascii()
    lines = raw.split(b"\r\n")
    assert not [line for line in lines if b"\n" in line or b"\r" in line or len(line) > 998]
    found = read(raw)
    assert str(found["Subject"]).split() == subject.split()
    assert flat(body(found, "plain")) == flat("x" + text)
    assert flat(body(found, "html")) == flat("x" + html)


def flat(text: str | None) -> str:
    """Make all line ends one, as mail does, and the last one none."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")


def test_one_click_unsubscribes() -> None:
    """A mail with a link has both headers of RFC 8058, on one line each; another has none."""
    url = "https://hooks.example.com/unsubscribe/" + "t" * 90
    raw = wire({"subject": "News", "text": "Hi"}, unsubscribe_url=url)
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert b"List-Unsubscribe" not in wire({"subject": "News", "text": "Hi"})
