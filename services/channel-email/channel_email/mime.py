"""Writing an e-mail as a MIME message. Pure."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from channel_email.parts import Parts
from herald.failures import Failure
from herald.vocabulary import FailureClass
from herald.work import Work

ATTEMPT_HEADER = "X-Herald-Attempt"
_POLICY = SMTP.clone(cte_type="7bit")  # not every relay has 8BITMIME


def message_id(work: Work, domain: str) -> str:
    """Name the mail by its attempt, so that a receiver can drop a twin."""
    return f"<{work.attempt_id}@{domain}>"


def write_mail(work: Work, parts: Parts, now: datetime) -> EmailMessage | Failure:
    """Write the mail; content that would break its headers is refused."""
    mail = EmailMessage(policy=_POLICY)
    try:
        mail["From"] = parts.sender
        mail["To"] = _recipient(work)
        mail["Subject"] = parts.subject
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = message_id(work, parts.sender.domain)
        mail[ATTEMPT_HEADER] = work.attempt_id
    except ValueError:
        # the library's text repeats the value
        return Failure.of(FailureClass.CONTENT, "bad_header", "a header can't be written")
    if parts.text is not None:
        mail.set_content(parts.text)
        if parts.html is not None:
            mail.add_alternative(parts.html, subtype="html")
    elif parts.html is not None:
        mail.set_content(parts.html, subtype="html")
    return mail


def written(mail: EmailMessage, *, utf8: bool) -> bytes:
    """Return the mail's bytes; with `utf8` its headers are not encoded (RFC 6532)."""
    return mail.as_bytes(policy=_POLICY.clone(utf8=utf8))


def _recipient(work: Work) -> Address:
    local, _, domain = work.to.rpartition("@")
    return Address(work.recipient_name or "", local, domain)
