"""Files of an e-mail, as parts of its MIME message. Pure.

Their heads are written here, as the mail's own is: the library would read what names are made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from urllib.parse import quote

from herald.providers.mail_files import MailPart

_LINE = 56  # characters of a name in one line
_PIECES = re.compile(r"(?:%..|.){1,18}")  # of an encoded name, no character of it cut
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def add_parts(mail: EmailMessage, parts: Sequence[MailPart]) -> None:
    """Add files to a mail that has its bodies.

    Images that the HTML shows stand beside it (multipart/related, RFC 2387), all others at the end
    (multipart/mixed), so that the parts nest as mail programs expect.
    """
    html = mail.get_body(("html",))
    for part in parts:
        if html is not None and part.content_id is not None:
            html.add_related(part.body, *part.content_type.split("/"))
            html.set_param("type", "text/html")
    for part in parts:
        if html is None or part.content_id is None:
            mail.add_attachment(part.body, *part.content_type.split("/"))
    _write_heads(mail, parts)


def disposition(kind: str, name: str) -> str:
    """Write a Content-Disposition; a name that is not plain goes as RFC 2231 has it."""
    if _PLAIN.issuperset(name) and len(name) <= _LINE:
        return f'{kind}; filename="{name}"'
    encoded = quote(name, safe="")
    if len(encoded) <= _LINE:
        return f"{kind};\r\n filename*=utf-8''{encoded}"
    pieces = _PIECES.findall(encoded)
    pieces[0] = f"utf-8''{pieces[0]}"
    return kind + "".join(f";\r\n filename*{n}*={piece}" for n, piece in enumerate(pieces))


def _write_heads(mail: EmailMessage, parts: Sequence[MailPart]) -> None:
    shown = [part for part in parts if part.content_id is not None]
    attached = [part for part in parts if part.content_id is None]
    for message, part in zip(_files_of(mail), [*shown, *attached], strict=True):
        del message["Content-Disposition"], message["MIME-Version"]
        kind = "attachment" if part.content_id is None else "inline"
        message.set_raw("Content-Disposition", disposition(kind, part.name))
        if part.content_id is not None:
            message.set_raw("Content-ID", f"<{part.content_id}>")


def _files_of(mail: EmailMessage) -> Iterator[EmailMessage]:
    """Give the parts that are files: those of the HTML come first."""
    for message in mail.walk():
        if isinstance(message, EmailMessage) and message.get_content_disposition() is not None:
            yield message
