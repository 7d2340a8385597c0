"""Receipts of what reports say of a mail, and how each finds the attempt that it is about.

By the envelope sender that it came back to (VERP), then by ENVID, then by the head of the mail that
was returned, or by the relay's own id. Source: RFC 3461, 3464, 5965.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.inbound_mail import date_of
from herald.providers.lenient_json import (
    MAX_REFERENCE,
    Carried,
    NotUnderstoodError,
    Reason,
    carried,
    event_key,
    plain_word,
    whole_number,
)
from herald.providers.mail_heads import Heads, attempt_in, first, message_id
from herald.providers.smtp.envelopes import from_xtext
from herald.providers.smtp.errors import Phase, classify, is_address_gone
from herald.providers.smtp.reports import ACTIONS, FEEDBACK, FEEDBACK_TYPES, Report, reason_of
from herald.providers.smtp.verp import tag_of

NAME = "smtp"
CHANNEL = "email"
ATTEMPT_HEADER = "x-herald-attempt"
QUEUE_ID = "x-postfix-queue-id"  # as the relay named the mail when it took it
_REFUSED, _FOR_NOW = 550, 450  # basic codes for an enhanced one that comes alone
_KEPT = ("action", "status", "feedback-type")  # of a group, where each is one word


def receipts_of(
    report: Report,
    own: Heads,
    addresses: list[str],
    keys: list[bytes],
    *,
    account: str,
    at: datetime,
) -> Iterator[AttemptReport]:
    """Give a receipt for each recipient of a report; `own` is its own head.

    `addresses`: those that it came to; `keys`: of our envelope senders.

    Raises:
        NotUnderstoodError: it is about no mail that can be named, or no recipient.
    """
    ours = attempt_of(report, addresses, keys)
    references = _references(report)
    if ours.attempt_id is None and not references:
        raise NotUnderstoodError(Reason.NO_REFERENCE)
    groups = [report.message] if report.kind == FEEDBACK else report.recipients
    if not groups:
        raise NotUnderstoodError(Reason.SHAPE)
    for place, group in enumerate(groups):
        status = _status(report, group)
        yield AttemptReport(
            source="webhook",
            channel=CHANNEL,
            provider=NAME,
            account=account,
            attempt_id=ours.attempt_id,
            lane=ours.lane,
            references=references,
            status=status,
            event_key=event_key(message_id(own) or first(own, "date"), status, str(place)),
            failure=_failure(group, status),
            occurred_at=_time(group, own),
            received_at=at,
            element=_kept(group),
        )


def _references(report: Report) -> tuple[str, ...]:
    """Return what our call may have been answered with: the Message-ID, Postfix's queue id."""
    ids = (message_id(report.returned), first(report.message, QUEUE_ID))
    return tuple(one for one in ids if one and len(one) <= MAX_REFERENCE)


def attempt_of(report: Report, addresses: list[str], keys: list[bytes]) -> Carried:
    """Find the attempt, the surest sign first."""
    sent_from = first(report.message, "original-mail-from").strip("<>")
    for address in (*addresses, sent_from):
        if (tag := tag_of(address, keys)) is not None:
            return carried(tag)
    envelope = from_xtext(first(report.message, "original-envelope-id"))
    for tag in (envelope, first(report.returned, ATTEMPT_HEADER)):
        if (found := carried(tag)).attempt_id is not None:
            return found
    return Carried(attempt_in([message_id(report.returned) or ""]))


def _status(report: Report, group: Heads) -> Status:
    if report.kind == FEEDBACK:
        return FEEDBACK_TYPES.get(first(group, "feedback-type").lower(), Status.OTHER)
    return ACTIONS.get(first(group, "action").lower(), Status.OTHER)


def _failure(group: Heads, status: Status) -> Failure | None:
    if status not in {Status.BOUNCED, Status.DEFERRED}:
        return None
    enhanced, words = reason_of(group)
    if status is Status.DEFERRED:
        return Failure.of(FailureClass.TRANSIENT, enhanced, words)
    code = whole_number(words[:3]) or (_FOR_NOW if enhanced.startswith("4") else _REFUSED)
    text = words if enhanced in words else f"{enhanced} {words}"
    return Failure.of(
        classify(code, text, Phase.RCPT),
        enhanced,
        words,
        address_gone=is_address_gone(code, text, Phase.RCPT),
    )


def _kept(group: Heads) -> dict[str, str]:
    words = ((name, plain_word(first(group, name).partition(" ")[0])) for name in _KEPT)
    return {name: word for name, word in words if word}


def _time(group: Heads, own: Heads) -> datetime | None:
    return date_of({"date": list(group.get("last-attempt-date", ()))}) or date_of(own)
