"""How an e-mail says its content: sender, subject, text and HTML, or a template. Pure.

A file becomes a line with its link at the end, or is named to be fetched and sent along.
"""

from __future__ import annotations

from email.headerregistry import Address
from email.utils import parseaddr
from functools import partial
from html import escape

from channel_email.heads import BAD_HEADER, refuse_controls
from channel_email.mime import message_id, unsubscribe_headers, write_mime
from herald.contracts.content import Media
from herald.contracts.failures import Failure
from herald.contracts.file_names import safe_file_name
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work, WorkContent
from herald.providers.rendered import RenderedEmail

CHANNEL_NAME = "email"


def render(work: Work, *, holds_template: bool) -> RenderedEmail | Failure:
    """Render an e-mail, or say why there can be none."""
    content = work.content
    try:
        refuse_controls(work.recipient_name or "", content.subject or "")
    except ValueError:
        return BAD_HEADER
    sender = read_sender(work.sender)
    if sender is None:
        return Failure.of(FailureClass.AUTH, "no_sender", "no sender profile names an address")
    files = tuple(media for media in content.media if media.goes_along)
    text, html = (None, None) if holds_template else _parts(content)
    if not holds_template and not text and not html:
        return Failure.of(FailureClass.CONTENT, "no_content", "e-mail needs a text or HTML")
    subject = content.subject or ""
    return RenderedEmail(
        sender=sender,
        subject=subject,
        text=text,
        html=html,
        message_id=message_id(work, sender),
        headers=unsubscribe_headers(work),
        mime=partial(write_mime, work, sender, subject, text, html),
        template=content.template if holds_template else None,
        files=files,
    )


def read_sender(profile: str | None) -> Address | None:
    """Read `Name <local@domain>` or a bare address; None when it is neither."""
    name, address = parseaddr(profile or "")
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        return None
    try:
        return Address(name, local, domain)
    except ValueError:  # a line break
        return None


def _parts(content: WorkContent) -> tuple[str | None, str | None]:
    """Return text and HTML, with the files linked or named in both."""
    text, html = content.text, content.html
    linked = [media for media in content.media if media.content_id is None]
    if linked and (text or not html):  # links alone would be a poor twin of the HTML
        lines = filter(None, map(_text_line, linked))
        text = "\n".join([*filter(None, [text]), "", *lines]).strip()
    if html:
        html += "".join(map(_html_line, linked))
    if not text and not html:  # files alone: a mail without any text looks like a mistake
        text = "\n".join(safe_file_name(media.filename) for media in content.media)
    return text or None, html or None


def _text_line(media: Media) -> str:
    """Link a file; of one that is sent along say what its sender says of it."""
    label = media.caption or media.filename
    if media.attach:
        return media.caption or ""
    return f"{label}: {media.url}" if label else media.url


def _html_line(media: Media) -> str:
    if media.attach:
        return f"<p>{escape(media.caption)}</p>" if media.caption else ""
    label = escape(media.caption or media.filename or media.url)
    return f'<p><a href="{escape(media.url, quote=True)}">{label}</a></p>'
