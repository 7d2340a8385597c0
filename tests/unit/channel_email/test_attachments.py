"""Files that go along in a mail: their nesting, their names, their size."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from channel_email.attaching import disposition
from channel_email.content import render
from herald.contracts.content import Content, Media
from herald.contracts.failures import Failure
from herald.providers.files import File
from herald.providers.mail_files import MOST_BYTES
from herald.providers.rendered import RenderedEmail
from unit.channel_email.making import work
from unit.channel_email.test_mime import NOW

URL = "https://files.example.com/a"
PNG = b"\x89PNG\r\n\x1a\n"
ATTACHED = {"url": URL, "attach": True, "filename": "bill.pdf"}
INLINE = {"url": URL, "kind": "image", "content_id": "logo"}


def rendered(media: list[dict[str, Any]], names: list[str], **parts: Any) -> RenderedEmail:
    """Render a mail whose files have been fetched under these names."""
    content = render(work({"subject": "x", "media": media, **parts}), holds_template=False)
    assert isinstance(content, RenderedEmail)
    files = tuple(
        File(media=wanted, name=name, content_type="image/png", body=PNG)
        for wanted, name in zip(content.files, names, strict=True)
    )
    return replace(content, attachments=files)


def read(content: RenderedEmail) -> EmailMessage:
    raw = content.written(NOW, utf8=False)
    assert isinstance(raw, bytes)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    return message_from_bytes(raw, policy=default)


def shape(mail: Any) -> Any:
    """Write how parts nest."""
    kind = mail.get_content_type()
    return (kind, [shape(part) for part in mail.iter_parts()]) if mail.is_multipart() else kind


PARTS: dict[str, tuple[list[dict[str, Any]], dict[str, str], Any]] = {
    "a file beside a text": (
        [ATTACHED],
        {"text": "x"},
        ("multipart/mixed", ["text/plain", "image/png"]),
    ),
    "an image in HTML": (
        [INLINE],
        {"html": "<img src=cid:logo>"},
        ("multipart/related", ["text/html", "image/png"]),
    ),
    "all of it": (
        [ATTACHED, INLINE],
        {"text": "x", "html": "<img src=cid:logo>"},
        (
            "multipart/mixed",
            [
                (
                    "multipart/alternative",
                    ["text/plain", ("multipart/related", ["text/html", "image/png"])],
                ),
                "image/png",
            ],
        ),
    ),
    "an image that no HTML shows": (
        [INLINE],
        {"text": "x"},
        ("multipart/mixed", ["text/plain", "image/png"]),
    ),
    "a file alone": ([ATTACHED], {}, ("multipart/mixed", ["text/plain", "image/png"])),
}


@pytest.mark.parametrize(("media", "said", "expected"), PARTS.values(), ids=PARTS)
def test_nesting(media: list[dict[str, Any]], said: dict[str, str], expected: Any) -> None:
    """Parts nest as mail programs expect: mixed around alternative around related."""
    names = [f"{number}.png" for number, _ in enumerate(media)]
    assert shape(read(rendered(media, names, **said))) == expected


def test_what_a_part_says_of_itself() -> None:
    """An image in the HTML has its id and is inline; a file has its name, and its bytes arrive."""
    mail = read(rendered([ATTACHED, INLINE], ["bill.pdf", "logo.png"], text="x", html="<p>x</p>"))
    inline, attached = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert (inline["Content-ID"], inline.get_content_disposition()) == ("<logo>", "inline")
    assert (attached.get_filename(), attached.get_content_disposition()) == (
        "bill.pdf",
        "attachment",
    )
    assert inline.get_payload(decode=True) == attached.get_payload(decode=True) == PNG


NAMES = {
    "../../etc/passwd": "passwd",
    "C:\\temp\\evil.exe": "evil.exe",
    "a\r\nBcc: eve@example.net": "aBcc_ eve@example.net",
    'a"; filename=b.exe': "a_; filename=b.exe",
    "Grüße 名前.pdf": "Grüße 名前.pdf",
    "=?utf-8?q?a=0D=0ABcc?=": "=_utf-8_q_a=0D=0ABcc_=",
    "gpj\u202eexe.png": "gpjexe.png",
    "..": "file",
    "": "file",
    "ä" * 200 + ".pdf": "ä" * 73 + ".pdf",
}


@pytest.mark.parametrize(("given", "arrives"), NAMES.items(), ids=range(len(NAMES)))
def test_names_of_files(given: str, arrives: str) -> None:
    """Whatever a file is called, it arrives under a name without a path that can be saved."""
    mail = read(rendered([ATTACHED], [given], text="x"))
    [part] = mail.iter_attachments()
    assert part.get_filename() == arrives
    assert set(part.keys()) == {
        "Content-Type",
        "Content-Transfer-Encoding",
        "Content-Disposition",
    }


def test_two_files_of_one_name() -> None:
    """The second gets another name, so that both can be saved."""
    mail = read(rendered([ATTACHED, ATTACHED], ["a.pdf", "A.pdf"], text="x"))
    assert [part.get_filename() for part in mail.iter_attachments()] == ["a.pdf", "A (2).pdf"]


def test_a_long_name_is_continued() -> None:
    """A name over a line goes in several pieces (RFC 2231)."""
    assert disposition("attachment", "a b.pdf") == "attachment;\r\n filename*=utf-8''a%20b.pdf"
    long = disposition("attachment", "é" * 40)
    assert max(map(len, long.split("\r\n"))) <= 78
    assert "filename*0*=utf-8''" in long
    assert "filename*1*=" in long


def test_too_many_bytes() -> None:
    """Files that no mailbox takes are refused before any call."""
    content = rendered([ATTACHED], ["a"], text="x")
    [file] = content.attachments
    large = replace(content, attachments=(replace(file, body=bytes(MOST_BYTES + 1)),))
    failure = large.written(NOW, utf8=False)
    assert isinstance(failure, Failure)
    assert (failure.failure_class, failure.code) == ("content", "files_too_large")


@pytest.mark.parametrize("kind", ["message/rfc822", "multipart/mixed", "x", "a/b\r\nc: d", ""])
def test_strange_types(kind: str) -> None:
    """A type that a mail's part can't have becomes the one of any bytes."""
    content = rendered([ATTACHED], ["a.eml"], text="x")
    [file] = content.attachments
    strange = replace(content, attachments=(replace(file, content_type=kind),))
    assert shape(read(strange))[1][1] == "application/octet-stream"


def test_what_is_said_beside_a_file() -> None:
    """A file that goes along is no link; its caption is said, and a mail of files names them."""
    with_caption = rendered([{**ATTACHED, "caption": "Bill <1>"}], ["a"], text="x", html="<p>x</p>")
    assert (with_caption.text, with_caption.html) == (
        "x\n\nBill <1>",
        "<p>x</p><p>Bill &lt;1&gt;</p>",
    )
    assert rendered([ATTACHED], ["a"]).text == "bill.pdf"
    assert rendered([INLINE], ["a"], html="<p>x</p>").html == "<p>x</p>"


WRONG = {
    "filename": [{**ATTACHED, "filename": "../bill.pdf"}],
    "content_id": [{**INLINE, "content_id": "a b>"}],
    "each content_id": [INLINE, INLINE],
}


@pytest.mark.parametrize(("named", "media"), WRONG.items(), ids=WRONG)
def test_a_wrong_command_is_refused(named: str, media: list[dict[str, Any]]) -> None:
    """A name with a path, a broken id and an id given twice are errors that name the field."""
    with pytest.raises(ValidationError, match=named):
        Content.model_validate({"text": "x", "media": media}, strict=False)


def test_a_link_may_still_be_called_anything() -> None:
    """A file by link keeps the name that commands could always give it."""
    media = TypeAdapter(Media).validate_python({"url": URL, "filename": "11/2026"})
    assert not media.goes_along
