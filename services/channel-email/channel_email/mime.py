"""Writing an e-mail as a MIME message. Pure."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from channel_email.heads import BAD_HEADER, check_head, mailbox_value, text_value
from channel_email.parts import Parts
from herald.contracts.failures import Failure
from herald.contracts.work import Work

ATTEMPT_HEADER = "X-Herald-Attempt"
_POLICY = SMTP.clone(
    cte_type="7bit",  # not every relay has 8BITMIME
    refold_source="none",  # what is written below stays as it is
)


def message_id(work: Work, domain: str) -> str:
    """Name the mail by its attempt, so that a receiver can drop a twin."""
    return f"<{work.attempt_id}@{domain}>"


def write_mail(work: Work, parts: Parts, now: datetime) -> EmailMessage | Failure:
    """Write the mail; content that would break its headers is refused."""
    mail = EmailMessage(policy=_POLICY)
    try:
        head = _head(work, parts, now)
    except ValueError:
        return BAD_HEADER
    for name, value in head.items():
        mail.set_raw(name, value)
    if parts.text is not None:
        mail.set_content(parts.text)
        if parts.html is not None:
            mail.add_alternative(parts.html, subtype="html")
    elif parts.html is not None:
        mail.set_content(parts.html, subtype="html")
    return mail


def written(mail: EmailMessage, *, utf8: bool) -> bytes | Failure:
    """Return the mail's bytes; with `utf8` its addresses may be outside ASCII (RFC 6532)."""
    raw = mail.as_bytes(policy=_POLICY.clone(utf8=utf8))
    try:
        check_head(raw, mail.keys())
    except ValueError:
        return BAD_HEADER
    return raw


def _head(work: Work, parts: Parts, now: datetime) -> dict[str, str]:
    return {
        "From": mailbox_value(parts.sender.display_name, parts.sender.addr_spec),
        "To": mailbox_value(work.recipient_name or "", work.to),
        "Subject": text_value(parts.subject),
        "Date": format_datetime(now),
        "Message-ID": text_value(message_id(work, parts.sender.domain)),
        ATTEMPT_HEADER: text_value(work.attempt_id),
    }
