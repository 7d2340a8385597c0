"""What becomes of a mail that came in, from its MIME form to its receipt."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.contracts.receipts import InboundReceipt
from herald.providers.inbound_mail import (
    LONGEST_TEXT,
    MailFile,
    Origin,
    ReceivedMail,
    dropped,
    mail_receipt,
)
from herald.providers.lenient_json import NotUnderstoodError
from herald.providers.mail_heads import heads_of
from herald.providers.mime_mails import read_mime
from herald.providers.webhook_endpoints import Normalised
from unit.channel_email.making import ATTEMPT

NOW = datetime(2026, 1, 19, 12, 0, tzinfo=UTC)
ORIGIN = Origin(provider="smtp", account="smtp-main", received_at=NOW)


def received(mail: ReceivedMail) -> tuple[InboundReceipt, Normalised]:
    found = Normalised()
    return mail_receipt(mail, ORIGIN, found), found


def fields(**parts: Any) -> ReceivedMail:
    heads = heads_of([("From", "Ada <ada@example.com>"), *parts.pop("heads", [])])
    return ReceivedMail(heads=heads, **parts)


def written() -> bytes:
    mail = EmailMessage()
    mail["From"] = "Grüße <Ada@Example.com>"
    mail["To"], mail["Cc"] = "us@example.com", "you@example.com"
    mail["Subject"], mail["Date"] = "Re: grüße", "Mon, 19 Jan 2026 12:00:00 +0000"
    mail["Message-ID"], mail["Reply-To"] = "<1@example.com>", "other@example.com"
    mail["In-Reply-To"] = f"<{ATTEMPT}@example.com>"
    mail.set_content("Thänks")
    mail.add_alternative("<p>Thänks</p>", subtype="html")
    mail.add_attachment(b"abc", maintype="image", subtype="png", filename="../ä.png")
    return mail.as_bytes()


def test_a_mail_as_mime() -> None:
    """Text, HTML, names, threading and a file by its hash are read from a mail's own form."""
    receipt, found = received(read_mime(written(), recipient="in@example.com"))
    digest = hashlib.sha256(b"abc").hexdigest()
    assert found.files == {digest: b"abc"}
    assert receipt.model_dump(exclude_defaults=True, mode="json") == {
        "channel": "email",
        "provider": "smtp",
        "account": "smtp-main",
        "reference": "<1@example.com>:in@example.com",
        "content": "text",
        "sender": "Ada@Example.com",
        "sender_kind": "email",
        "profile_name": "Grüße",
        "recipient": "in@example.com",
        "subject": "Re: grüße",
        "text": "Thänks",
        "in_reply_to": f"<{ATTEMPT}@example.com>",
        "quoted": [f"{ATTEMPT}@example.com", ATTEMPT],
        "answered_attempt": ATTEMPT,
        "media": [
            {
                "reference": digest,
                "place": "herald",
                "kind": "image",
                "content_type": "image/png",
                "filename": "ä.png",
                "sha256": digest,
                "size": 3,
            }
        ],
        "mail": {
            "message_id": "<1@example.com>",
            "answers": [f"<{ATTEMPT}@example.com>"],
            "html": "<p>Thänks</p>",
            "to": ["us@example.com"],
            "cc": ["you@example.com"],
            "reply_to": "other@example.com",
        },
        "occurred_at": "2026-01-19T12:00:00Z",
        "received_at": "2026-01-19T12:00:00Z",
    }


def test_what_is_not_kept_is_said_to_be_gone() -> None:
    """Without a folder a file's bytes are dropped, and its entry says so; others stay."""
    files = [
        MailFile(name="a", body=b"a"),
        MailFile(name="b", body=b"b"),
        MailFile(url="https://x"),
    ]
    receipt, found = received(fields(files=files))
    places = [one.place.value for one in dropped(receipt, frozenset(list(found.files)[:1])).media]
    assert places == ["herald", "dropped", "provider"]


def test_a_mail_without_an_id() -> None:
    """Two mails that differ have two keys, and one repeated has the same."""
    first, again, other = (received(fields(text=text))[0] for text in ("a", "a", "b"))
    assert first.reference == again.reference != other.reference


def test_one_mail_to_two_of_ours() -> None:
    """A mail to two addresses of ours is two, though its Message-ID is one."""
    heads = [("Message-ID", "<1@x.example>")]
    one, two = (received(fields(heads=heads, recipient=to))[0] for to in ("a@x", "b@x"))
    assert one.reference != two.reference


def test_a_mail_from_nobody_is_not_understood() -> None:
    """Without a sender there is nobody to answer: it goes to quarantine."""
    with pytest.raises(NotUnderstoodError):
        received(ReceivedMail(heads={"from": ["nobody"]}))


def test_long_texts_are_cut() -> None:
    """An event holds so many characters, and says where there were more."""
    receipt, _ = received(fields(text="x" * (LONGEST_TEXT + 1), html="y"))
    assert receipt.text is not None
    assert receipt.mail is not None
    assert (len(receipt.text), receipt.mail.truncated) == (LONGEST_TEXT, True)


def test_a_sub_address_names_the_attempt() -> None:
    """Our id in the address that was written to, or a provider's hash of it, is enough."""
    assert received(fields(recipient=f"r+{ATTEMPT}@x.example"))[0].answered_attempt == ATTEMPT
    assert received(fields(tags=[ATTEMPT]))[0].answered_attempt == ATTEMPT


MIME = [
    b"",
    b"\xff\xfe",
    b"From: a@x.example\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff",
    b"From: a@x.example\r\nContent-Type: multipart/mixed\r\n\r\nno boundary",
    b"From: =?utf-8?q?=FF?= <a@x.example>\r\nSubject: =?x?y?z?=\r\n\r\nhello",
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n" * 2000,
    b"From: a@x.example\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny",
]


@pytest.mark.parametrize("raw", MIME, ids=range(len(MIME)))
def test_broken_mails(raw: bytes) -> None:
    """A mail that is broken is read as far as it goes, or not understood; nothing else happens."""
    try:
        received(read_mime(raw))
    except NotUnderstoodError:
        return


@given(raw=st.binary())
def test_no_mail_breaks_the_reader(raw: bytes) -> None:
    """Whatever bytes come as a mail, they are read or not understood."""
    try:
        received(read_mime(b"From: a@x.example\r\n" + raw))
    except NotUnderstoodError:
        return
