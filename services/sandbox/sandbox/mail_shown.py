"""A mail as its recipient would see it, read from its MIME form."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default

from sandbox.inbox import Shown, ShownFile


def read_mail(raw: bytes) -> tuple[EmailMessage, Shown]:
    """Read a mail's head and what is shown of it; a part that can't be read shows nothing."""
    mail = message_from_bytes(raw, policy=default)
    bodies = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
    taken = {id(part) for part in bodies.values() if part is not None}
    files = [
        _file(part)
        for part in mail.walk()
        if isinstance(part, EmailMessage) and not part.is_multipart() and id(part) not in taken
    ]
    plain, html = bodies["plain"], bodies["html"]
    return mail, Shown(
        text="" if plain is None else _text(plain),
        subject=str(mail["Subject"]) if mail["Subject"] else None,
        html=None if html is None else _text(html),
        files=tuple(files),
        headers={name: str(value) for name, value in mail.items()},
    )


def _text(part: MIMEPart) -> str:
    try:
        return str(part.get_content()).replace("\r\n", "\n").removesuffix("\n")
    except (LookupError, ValueError):  # an unknown charset
        return ""


def _file(part: EmailMessage) -> ShownFile:
    body = part.get_payload(decode=True)
    content_id = str(part["Content-ID"] or "").strip("<> ")
    return ShownFile(
        name=part.get_filename() or "",
        content_type=part.get_content_type(),
        body=body if isinstance(body, bytes) else b"",
        content_id=content_id or None,
    )
