"""What the sandbox's inbox shows of a mail."""

from __future__ import annotations

from sandbox.inbox import ShownFile
from sandbox.mail_shown import read_mail
from unit.channel_email.test_attachments import ATTACHED, INLINE, PNG, rendered
from unit.channel_email.test_mime import NOW


def test_all_parts_are_read() -> None:
    """Text, HTML, subject, image and file are shown as a mail program shows them."""
    content = rendered([ATTACHED, INLINE], ["Grüße.pdf", "logo.png"], text="ä", html="<p>ä</p>")
    raw = content.written(NOW, utf8=False)
    assert isinstance(raw, bytes)
    mail, shown = read_mail(raw)
    assert (shown.text, shown.html, shown.subject) == ("ä", "<p>ä</p>", "x")
    assert shown.files == (
        ShownFile(name="logo.png", content_type="image/png", body=PNG, content_id="logo"),
        ShownFile(name="Grüße.pdf", content_type="image/png", body=PNG),
    )
    assert shown.headers["X-Herald-Attempt"] == mail["X-Herald-Attempt"]


def test_what_is_no_mail_shows_itself() -> None:
    """Bytes that are no MIME are a text, or nothing; they break nothing."""
    assert read_mail(b"")[1].text == ""
    assert read_mail(b"hello\r\n")[1].text == "hello"
    strange = b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe"
    assert read_mail(strange)[1].html is None
