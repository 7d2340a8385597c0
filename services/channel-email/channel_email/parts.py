"""What an e-mail says, whichever way it is sent: sender, subject, text and HTML. Pure.

Files are given by link, and a mail can't attach what it has not fetched: each becomes a line with
its link at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr
from html import escape

from herald.contracts.content import Media
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """An e-mail, ready to be written in any provider's form."""

    sender: Address
    subject: str
    text: str | None
    html: str | None


def parts_of(work: Work) -> Parts | Failure:
    """Read an e-mail from its work, or say why it can't be one."""
    sender = read_sender(work.sender)
    if sender is None:
        return Failure.of(FailureClass.AUTH, "no_sender", "no sender profile names an address")
    content = work.content
    text, html = content.text, content.html
    if content.media and (text or not html):  # links alone would be a poor twin of the HTML
        text = "\n".join([*filter(None, [text]), "", *map(_text_link, content.media)]).strip()
    if html:
        html += "".join(map(_html_link, content.media))
    if not text and not html:
        return Failure.of(FailureClass.CONTENT, "no_content", "e-mail needs a text or HTML")
    return Parts(sender=sender, subject=content.subject or "", text=text or None, html=html or None)


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


def _text_link(media: Media) -> str:
    label = media.caption or media.filename
    return f"{label}: {media.url}" if label else media.url


def _html_link(media: Media) -> str:
    label = escape(media.caption or media.filename or media.url)
    return f'<p><a href="{escape(media.url, quote=True)}">{label}</a></p>'
