"""How the conformance kit tries what comes back from a relay: the mails that are posted to us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from herald.contracts.vocabulary import FailureClass, InboundKind, Status
from herald.providers.samples import AT, RECIPIENT_EMAIL, InHeader
from herald.providers.smtp.reports import FEEDBACK_TYPES
from herald.providers.subject_webhooks import (
    Call,
    Inbound,
    Installed,
    Said,
    Signing,
    Webhooks,
)

TOKEN = InHeader(b"authorization")
ANSWER = (
    f"From: Grace <{RECIPIENT_EMAIL}>\r\nTo: no-reply@example.com\r\nSubject: Re: Parcel\r\n"
    "Message-ID: <CAF1@mail.example.org>\r\n\r\nThank you\r\n"
)


def status(said: Said) -> dict[str, Any]:
    """Write what a delivery status notification says."""
    return {
        "action": said.word,
        "reference": said.reference,
        "tag": said.tag,
        "date": said.at,
        "status": said.code,
        "text": said.text,
        "number": said.number,
    }


def call(elements: Sequence[Any]) -> Call:
    """Write the mail that is posted."""
    [element] = elements
    said = element if isinstance(element, dict) else {}
    is_complaint = str(said.get("action")) in FEEDBACK_TYPES
    written = _complaint(said) if is_complaint else _notification(said)
    body = element if isinstance(element, str) else written
    headers = {b"content-type": b"message/rfc822"}
    return Call(headers=headers, body=body.encode(errors="replace"))


def _line(said: Mapping[str, Any], name: str, key: str) -> str:
    value = said.get(key)
    return "" if value is None or value == "" else f"{name}: {value}\r\n"


def _report(said: Mapping[str, Any], kind: str, fields: str) -> str:
    return (
        "From: MAILER-DAEMON@mx.example.com\r\nMIME-Version: 1.0\r\n"
        f"Message-ID: <{said.get('number')}@mx.example.com>\r\n"
        f"Content-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: message/{kind}\r\n\r\n{fields}\r\n--b--\r\n"
    )


def _notification(said: Mapping[str, Any]) -> str:
    return _report(
        said,
        "delivery-status",
        f"Reporting-MTA: dns; mx.example.com\r\n{_line(said, 'X-Postfix-Queue-ID', 'reference')}"
        f"{_line(said, 'Original-Envelope-Id', 'tag')}\r\n"
        f"Final-Recipient: rfc822; {RECIPIENT_EMAIL}\r\n{_line(said, 'Action', 'action')}"
        f"{_line(said, 'Status', 'status')}{_line(said, 'Last-Attempt-Date', 'date')}"
        f"{_line(said, 'Diagnostic-Code', 'text')}",
    )


def _complaint(said: Mapping[str, Any]) -> str:
    return _report(
        said,
        "feedback-report",
        f"{_line(said, 'Feedback-Type', 'action')}User-Agent: example/1\r\nVersion: 1\r\n"
        f"{_line(said, 'X-Postfix-Queue-ID', 'reference')}"
        f"{_line(said, 'Original-Envelope-Id', 'tag')}{_line(said, 'Last-Attempt-Date', 'date')}"
        f"Original-Rcpt-To: <{RECIPIENT_EMAIL}>\r\n",
    )


def sign(given: Call, _base: str, key: str) -> Call:
    """Show the token."""
    return TOKEN.write(given, f"Bearer {key}".encode())


def install(keys: Sequence[str]) -> Installed:
    """Have the account take mails that come with these tokens."""
    return Installed(secrets={"inbound_tokens": list(keys)})


WEBHOOKS = Webhooks(
    status=status,
    call=call,
    words={
        "failed": Status.BOUNCED,
        "delayed": Status.DEFERRED,
        "delivered": Status.DELIVERED,
        "relayed": Status.SENT,
        "expanded": Status.SENT,
        "abuse": Status.COMPLAINED,
        "fraud": Status.COMPLAINED,
        "opt-out": Status.UNSUBSCRIBED,
        "opt-out-list": Status.UNSUBSCRIBED,
        "auth-failure": Status.OTHER,
        "not-spam": Status.OTHER,
        "virus": Status.OTHER,
        "other": Status.OTHER,
    },
    codes={
        "5.1.1": FailureClass.UNREACHABLE,
        "5.2.2": FailureClass.UNREACHABLE,
        "5.3.4": FailureClass.CONTENT,
        "5.7.1": FailureClass.PERMANENT,
        "4.4.7": FailureClass.TRANSIENT,
    },
    failed="failed",
    times=(
        ("Mon, 19 Jan 2026 12:00:00 +0000", AT),
        ("Mon, 19 Jan 2026 14:00:00 +0200", AT),
        ("19 Jan 2026 12:00:00 GMT", AT),
        ("Mon, 19 Jan 2026 12:00:00 +0000 (UTC)", AT),
        ("soon", None),
    ),
    signing=Signing(
        keys=("token-of-the-account", "token-that-follows", "token-of-another"),
        sign=sign,
        install=install,
        signature=TOKEN,
        malformed=(b"Bearer", b"Basic !", b"token-of-the-account"),
    ),
    inbound=(
        Inbound(
            label="an answer",
            element=ANSWER,
            sender=RECIPIENT_EMAIL,
            text="Thank you",
            content=InboundKind.TEXT,
        ),
    ),
)
