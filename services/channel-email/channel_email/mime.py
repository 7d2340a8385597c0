"""Writing an e-mail as a MIME message. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from channel_email.attaching import add_parts
from channel_email.heads import BAD_HEADER, check_head, mailbox_value, text_value
from herald.contracts.failures import Failure
from herald.contracts.unsubscribe import ONE_CLICK
from herald.contracts.work import Work, WorkReply
from herald.providers.files import File
from herald.providers.mail_files import parts_of, refuse_large

ATTEMPT_HEADER = "X-Herald-Attempt"
_POLICY = SMTP.clone(
    cte_type="7bit",  # not every relay has 8BITMIME
    refold_source="none",  # what is written below stays as it is
)


def message_id(work: Work, sender: Address) -> str:
    """Name the mail by its attempt, so that a receiver can drop a twin."""
    return f"<{work.attempt_id}@{sender.domain}>"


def unsubscribe_headers(work: Work) -> dict[str, str]:
    """Return what lets a mail program unsubscribe by one click (RFC 8058); nothing without a link.

    The relay's DKIM signature must cover both.
    """
    if work.unsubscribe_url is None:
        return {}
    return {
        "List-Unsubscribe": f"<{work.unsubscribe_url}>",
        "List-Unsubscribe-Post": ONE_CLICK,
    }


def write_mime(
    work: Work,
    sender: Address,
    subject: str,
    text: str | None,
    html: str | None,
    now: datetime,
    *,
    utf8: bool,
    attachments: Sequence[File] = (),
) -> bytes | Failure:
    """Write the mail; content that would break its headers, or its size, is refused."""
    too_large = refuse_large(attachments)
    if too_large is not None:
        return too_large
    mail = EmailMessage(policy=_POLICY)
    try:
        for name, value in _head(work, sender, subject, now).items():
            mail.set_raw(name, value)
    except ValueError:
        return BAD_HEADER
    if text is not None:
        mail.set_content(text)
        if html is not None:
            mail.add_alternative(html, subtype="html")
    elif html is not None:
        mail.set_content(html, subtype="html")
    add_parts(mail, parts_of(attachments, has_html=html is not None))
    return _written(mail, utf8=utf8)


def _written(mail: EmailMessage, *, utf8: bool) -> bytes | Failure:
    raw = mail.as_bytes(policy=_POLICY.clone(utf8=utf8))
    try:
        check_head(raw, mail.keys())
    except ValueError:
        return BAD_HEADER
    return raw


def _answer_head(reply: WorkReply | None) -> dict[str, str]:
    """Say what a mail answers, so that mail programs show it there (RFC 5322, 3.6.4)."""
    if reply is None:
        return {}
    reference = text_value(reply.reference)
    return {"In-Reply-To": reference, "References": reference}


def _head(work: Work, sender: Address, subject: str, now: datetime) -> dict[str, str]:
    return {
        "From": mailbox_value(sender.display_name, sender.addr_spec),
        "To": mailbox_value(work.recipient_name or "", work.to),
        "Subject": text_value(subject),
        "Date": format_datetime(now),
        "Message-ID": text_value(message_id(work, sender)),
        ATTEMPT_HEADER: text_value(work.attempt_id),
        **_answer_head(work.content.in_reply_to),
        **{name: text_value(value) for name, value in unsubscribe_headers(work).items()},
    }
