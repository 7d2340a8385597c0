"""A mail in its own form, MIME (RFC 5322, 2045), read without trusting it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message

from herald.providers.inbound_mail import MailFile, ReceivedMail
from herald.providers.lenient_json import NotUnderstoodError, Reason
from herald.providers.mail_heads import decoded, heads_of

MOST_PARTS = 500


def parse_mime(raw: bytes) -> Message:
    """Parse a mail.

    Raises:
        NotUnderstoodError: it nests too deep.
    """
    try:
        return message_from_bytes(raw)
    except RecursionError:
        raise NotUnderstoodError(Reason.BEYOND_LIMITS) from None


def read_mime(
    raw: bytes, *, reference: str | None = None, recipient: str | None = None
) -> ReceivedMail:
    """Read a mail: its first text and HTML, and all else as files.

    Raises:
        NotUnderstoodError: it nests too deep.
    """
    message = parse_mime(raw)
    bodies: dict[str, str] = {}
    files: list[MailFile] = []
    for part in leaves(message):
        kind = part.get_content_type()
        if kind in {"text/plain", "text/html"} and kind not in bodies and not _is_file(part):
            bodies[kind] = text_of(part)
        else:
            files.append(_file(part))
    return ReceivedMail(
        heads=heads_of_message(message),
        reference=reference,
        recipient=recipient,
        text=bodies.get("text/plain", ""),
        html=bodies.get("text/html", ""),
        files=files,
    )


def leaves(message: Message) -> Iterator[Message]:
    """Give the parts that hold something; an attached mail is one of them, whole."""
    stack, seen = [message], 0
    while stack and seen < MOST_PARTS:
        part, seen = stack.pop(), seen + 1
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            stack.extend(reversed([item for item in payload if isinstance(item, Message)]))
        else:
            yield part


def heads_of_message(message: Message) -> dict[str, list[str]]:
    """Return a mail's headers by name."""
    return heads_of((name, str(value)) for name, value in message.items())


def text_of(part: Message) -> str:
    """Read a part's text; what its charset can't say is replaced."""
    body = body_of(part)
    charset = part.get_content_charset() or "utf-8"
    return decode_text(body, charset)


def decode_text(body: bytes, charset: str) -> str:
    """Decode bytes by a charset that somebody named; UTF-8 where there is no such charset."""
    try:
        found = body.decode(charset, "replace")
    except (LookupError, ValueError):
        found = body.decode("utf-8", "replace")
    return found.replace("\r\n", "\n").rstrip("\n")


def body_of(part: Message) -> bytes:
    """Return a part's bytes; of an attached mail the mail itself."""
    payload = part.get_payload()
    if isinstance(payload, list):
        inner = [item for item in payload if isinstance(item, Message)]
        return b"".join(item.as_bytes() for item in inner[:1])
    body = part.get_payload(decode=True)
    return body if isinstance(body, bytes) else b""


def _is_file(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or part.get_filename() is not None


def _file(part: Message) -> MailFile:
    return MailFile(
        name=decoded(part.get_filename() or "") or None,
        content_type=part.get_content_type(),
        content_id=str(part.get("Content-ID") or "") or None,
        body=body_of(part),
    )
