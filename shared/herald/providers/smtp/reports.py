"""What comes back of a mail: reports of its delivery, and of a recipient's complaint. Pure.

Source: RFC 3464 (delivery status notifications), RFC 5965 (ARF), RFC 3463 (enhanced codes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message

from herald.contracts.vocabulary import Status
from herald.providers.lenient_json import plain_word
from herald.providers.mail_heads import Heads, first
from herald.providers.mime_mails import body_of, heads_of_message, parse_mime

DELIVERY, FEEDBACK = "delivery-status", "feedback-report"
MOST_RECIPIENTS = 100
MOST_BYTES = 256 * 1024  # of the part that a program reads

# by `Action`, without a case
ACTIONS: dict[str, Status] = {
    "failed": Status.BOUNCED,
    "delayed": Status.DEFERRED,
    "delivered": Status.DELIVERED,
    "relayed": Status.SENT,  # to a system that reports no further
    "expanded": Status.SENT,  # to the members of a list
}

# by `Feedback-Type`, without a case
FEEDBACK_TYPES: dict[str, Status] = {
    "abuse": Status.COMPLAINED,
    "fraud": Status.COMPLAINED,
    "opt-out": Status.UNSUBSCRIBED,
    "opt-out-list": Status.UNSUBSCRIBED,
    "auth-failure": Status.OTHER,
    "not-spam": Status.OTHER,
    "virus": Status.OTHER,
    "other": Status.OTHER,
}
_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report: of the whole mail, of each recipient, and the head of the mail it is about."""

    kind: str  # `DELIVERY` or `FEEDBACK`
    message: Heads
    recipients: list[Heads] = field(default_factory=list)
    returned: Heads = field(default_factory=dict)


def kind_of(mail: Message) -> str | None:
    """Say which report a mail is; None: none of these."""
    if mail.get_content_type() != "multipart/report":
        return None
    kind = str(mail.get_param("report-type") or "").strip().lower()
    return kind if kind in {DELIVERY, FEEDBACK} else None


def read_report(mail: Message, kind: str) -> Report | None:
    """Read a report; None where the part for programs is missing."""
    payload = mail.get_payload()
    parts = [part for part in payload if isinstance(part, Message)] if _is_list(payload) else []
    wanted = f"message/{kind}"
    found = next((part for part in parts if part.get_content_type() == wanted), None)
    if found is None:
        return None
    groups = list(_groups(found))
    if not groups:
        return None
    return Report(
        kind=kind,
        message=groups[0],
        recipients=groups[1 : MOST_RECIPIENTS + 1],
        returned=next(filter(None, map(_returned, parts)), {}),
    )


def reason_of(recipient: Heads) -> tuple[str, str]:
    """Return the enhanced code, and the words of the system that refused, on one line."""
    status = plain_word(first(recipient, "status").partition(" ")[0])
    words = first(recipient, "diagnostic-code")
    kind, semicolon, rest = words.partition(";")
    return status, rest.strip() if semicolon and len(kind) < 20 else words  # noqa: PLR2004


def _groups(part: Message) -> Iterator[Heads]:
    """Give the groups of fields; the library parses each of a delivery status as a mail."""
    payload = part.get_payload()
    if isinstance(payload, list):
        for item in payload[: MOST_RECIPIENTS + 1]:
            if isinstance(item, Message) and item.keys():
                yield heads_of_message(item)
        return
    for block in _BLANK.split(body_of(part)[:MOST_BYTES].strip())[: MOST_RECIPIENTS + 1]:
        if heads := heads_of_message(parse_mime(block + b"\r\n\r\n")):
            yield heads


def _returned(part: Message) -> Heads:
    """Return the head of the mail that comes back with a report, whole or as its head alone."""
    kind = part.get_content_type()
    if kind not in {"message/rfc822", "message/rfc822-headers", "text/rfc822-headers"}:
        return {}
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return heads_of_message(payload[0])
    return heads_of_message(parse_mime(body_of(part)[:MOST_BYTES]))


def _is_list(payload: object) -> bool:
    return isinstance(payload, list)
