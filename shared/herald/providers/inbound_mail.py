"""What becomes of a mail that a recipient sent: a receipt, and the bytes of its files. Pure.

Every provider of e-mail ends here, whether it gives the mail as MIME or in fields of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from herald.contracts.file_names import safe_file_name
from herald.contracts.inbound import InboundMail, InboundMedia
from herald.contracts.receipts import InboundReceipt
from herald.contracts.text import storable
from herald.contracts.vocabulary import InboundKind, MediaKind, MediaPlace, SenderKind
from herald.providers.lenient_json import MAX_REFERENCE, NotUnderstoodError, Reason, event_key
from herald.providers.mail_heads import (
    Heads,
    answered_ids,
    attempt_in,
    first,
    forms_of,
    is_automatic,
    mailboxes,
    message_id,
)
from herald.providers.webhook_endpoints import Normalised

CHANNEL = "email"
MAX_MAIL_BYTES = 40 * 1024 * 1024  # of a whole request: Postmark takes 35 MB, others 25 to 30
LONGEST_TEXT, LONGEST_HTML = 32_768, 65_536  # characters of an event
MOST_FILES = 50
MOST_QUOTED = 30
_KINDS = {"image": MediaKind.IMAGE, "video": MediaKind.VIDEO, "audio": MediaKind.AUDIO}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFile:
    """An attachment: its bytes, or where its provider keeps them."""

    name: str | None = None
    content_type: str | None = None
    content_id: str | None = None
    size: int | None = None  # where there are no bytes
    body: bytes | None = field(default=None, repr=False)  # None: the provider keeps them
    reference: str | None = None  # the provider's id or URL of it
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMail:
    """A mail as it came in; what a provider gives apart from the headers is already apart."""

    heads: Heads
    reference: str | None = None  # the provider's own id of it; None: its Message-ID
    recipient: str | None = None  # ours, by the envelope
    tags: Sequence[str] = ()  # where our attempt's id may be beside headers: Postmark's MailboxHash
    text: str = ""
    html: str = ""
    new_text: str = ""  # without what it quotes
    files: Sequence[MailFile] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where it came in."""

    provider: str
    account: str
    received_at: datetime
    element: Any = None  # for `router.inbound`
    occurred_at: datetime | None = None  # the provider's clock; None: the mail's own Date


def mail_receipt(mail: ReceivedMail, origin: Origin, found: Normalised) -> InboundReceipt:
    """Make the receipt of a mail; the bytes of its attachments are put into `found.files`.

    Raises:
        NotUnderstoodError: it has no sender.
    """
    senders = mailboxes([*mail.heads.get("from", ()), *mail.heads.get("sender", ())])
    if not senders:
        raise NotUnderstoodError(Reason.SHAPE)
    sender, to = senders[0], mailboxes(mail.heads.get("to", ()))
    recipient = mail.recipient or (to[0].address if to else None)
    quoted = answered_ids(mail.heads)
    own_id = message_id(mail.heads)
    forms = [form for one in quoted for form in forms_of(one)]
    media = [_media(file, found) for file in mail.files[:MOST_FILES]]
    text, html = storable(mail.text), storable(mail.html)
    return InboundReceipt(
        channel=CHANNEL,
        provider=origin.provider,
        account=origin.account,
        reference=_reference(mail, own_id, recipient),
        content=InboundKind.TEXT if text or html or not media else InboundKind.MEDIA,
        sender=storable(sender.address),
        sender_kind=SenderKind.EMAIL,
        profile_name=storable(sender.name)[:255] or None,
        recipient=storable(recipient) if recipient else None,
        in_reply_to=quoted[0] if quoted else None,
        quoted=tuple(forms[1:MOST_QUOTED]),
        answered_attempt=attempt_in([*quoted, *mail.tags, recipient or ""]),
        subject=storable(first(mail.heads, "subject"))[:998] or None,
        text=text[:LONGEST_TEXT] or None,
        media=media,
        mail=InboundMail(
            message_id=own_id,
            answers=quoted,
            html=html[:LONGEST_HTML] or None,
            new_text=storable(mail.new_text)[:LONGEST_TEXT] or None,
            to=[storable(one.address) for one in to],
            cc=[storable(one.address) for one in mailboxes(mail.heads.get("cc", ()))],
            reply_to=_reply_to(mail.heads),
            truncated=len(text) > LONGEST_TEXT or len(html) > LONGEST_HTML,
        ),
        automatic=is_automatic(mail.heads),
        occurred_at=origin.occurred_at or date_of(mail.heads),
        received_at=origin.received_at,
        element=origin.element,
    )


def date_of(heads: Heads) -> datetime | None:
    """Return when its sender says that it was written; None where that can't be read."""
    try:
        written = parsedate_to_datetime(first(heads, "date"))
    except (ValueError, TypeError, OverflowError):
        return None
    return written if written.tzinfo is not None else None


def dropped(receipt: InboundReceipt, kept: frozenset[str]) -> InboundReceipt:
    """Say of attachments that nothing keeps that they are gone; `kept`: the others, by sha256."""
    media = [
        one.model_copy(update={"place": MediaPlace.DROPPED})
        if one.place is MediaPlace.HERALD and one.sha256 not in kept
        else one
        for one in receipt.media
    ]
    return receipt.model_copy(update={"media": media})


def _reference(mail: ReceivedMail, own_id: str | None, recipient: str | None) -> str:
    """Name the mail. Its Message-ID is the sender's, and the same for all whom it was sent to."""
    if mail.reference:
        return mail.reference[:MAX_REFERENCE]
    if own_id is not None:
        return event_key(own_id, recipient or "")
    whole = "\0".join(
        [*(f"{name}:{value}" for name, value in mail.heads.items()), mail.text, mail.html]
    )
    return hashlib.sha256(whole.encode(errors="replace")).hexdigest()


def _media(file: MailFile, found: Normalised) -> InboundMedia:
    digest = None
    if file.body is not None:
        digest = hashlib.sha256(file.body).hexdigest()
        found.files[digest] = file.body
    content_type = (file.content_type or "").partition(";")[0].strip().lower() or None
    main = (content_type or "").partition("/")[0]
    return InboundMedia(
        reference=(digest or file.reference or file.url or "")[:2048],
        place=MediaPlace.PROVIDER if digest is None else MediaPlace.HERALD,
        kind=_KINDS.get(main, MediaKind.DOCUMENT),
        content_type=None if content_type is None else storable(content_type)[:127],
        filename=safe_file_name(file.name) if file.name else None,
        url=file.url,
        sha256=digest,
        size=file.size if file.body is None else len(file.body),
        content_id=storable(file.content_id or "").strip("<> ")[:255] or None,
    )


def _reply_to(heads: Heads) -> str | None:
    found = mailboxes(heads.get("reply-to", ()))
    return storable(found[0].address) if found else None
