"""Messages, times and places of signatures that several subjects of the conformance kit share.

Pure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from typing import Any
from urllib.parse import parse_qsl, urlencode

from herald.contracts.content import Media
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import Category, Lane
from herald.contracts.work import Work, WorkContent
from herald.providers.files import File
from herald.providers.rendered import RenderedEmail, RenderedSms, RenderedWhatsApp
from herald.providers.subject_sending import Message
from herald.providers.subject_webhooks import Call, Times

SENDER_PHONE = "+15550001111"
RECIPIENT_PHONE = "+15550002222"
SENDER_EMAIL = "no-reply@example.com"
RECIPIENT_EMAIL = "grace.hopper@example.org"
RECIPIENT_NAME = "Grace Hopper"
TEXT = "Your parcel waits in locker 4711"  # looked for where it must not be kept
SUBJECT = "Parcel in locker 4711"
MESSAGE_ID = "7d444840-9dc0-41d1-b245-5ffdce74fad2"
ATTEMPT_ID = f"{MESSAGE_ID}.1.1"
AT = datetime(2026, 1, 19, 12, 0, tzinfo=UTC)
_SECONDS = int(AT.timestamp())

EPOCH_TIMES: Times = (
    (_SECONDS, AT),
    (str(_SECONDS), AT),
    (_SECONDS * 1000, AT),  # Meta has sent milliseconds where seconds are documented
    (str(_SECONDS * 1000), AT),
    (_SECONDS + 0.25, AT + timedelta(milliseconds=250)),
)
ISO_TIMES: Times = (
    ("2026-01-19T12:00:00Z", AT),
    ("2026-01-19T12:00:00.000Z", AT),
    ("2026-01-19T12:00:00.250000Z", AT + timedelta(milliseconds=250)),
    ("2026-01-19T12:00:00.2500000Z", AT + timedelta(milliseconds=250)),
    ("2026-01-19T14:00:00+02:00", AT),
    ("2026-01-19T12:00:00+0000", AT),
    ("2026-01-19T12:00:00", AT),  # without an offset: UTC
    ("2026-01-19 12:00:00", AT),
)


def work(channel: str, **changes: Any) -> Work:
    """Return work for a channel; `changes` are fields of it."""
    is_mail = channel == "email"
    fields: dict[str, Any] = {
        "attempt_id": ATTEMPT_ID,
        "message_id": MESSAGE_ID,
        "tenant": "default",
        "channel": channel,
        "lane": Lane.NORMAL,
        "category": Category.TRANSACTIONAL,
        "to": RECIPIENT_EMAIL if is_mail else RECIPIENT_PHONE,
        "recipient_name": RECIPIENT_NAME,
        "sender": f"Herald <{SENDER_EMAIL}>" if is_mail else SENDER_PHONE,
        "content": WorkContent(text=TEXT, subject=SUBJECT if is_mail else None),
        "not_after": datetime.now(UTC) + timedelta(hours=1),
    }
    return Work(**fields | changes)


def sms(label: str = "a text", *, text: str = TEXT, **changes: Any) -> Message:
    """Return a text message by SMS; `changes` are fields of its work."""
    return Message(
        label=label, work=work("sms", **changes), content=RenderedSms(text=text, segments=1)
    )


def whatsapp(
    label: str = "a text", *, content: RenderedWhatsApp | None = None, **changes: Any
) -> Message:
    """Return a message by WhatsApp; `changes` are fields of its work."""
    rendered = RenderedWhatsApp(text=TEXT) if content is None else content
    return Message(label=label, work=work("whatsapp", **changes), content=rendered)


def email(label: str = "a text", *, rendered: Any = None, **changes: Any) -> Message:
    """Return a mail; `rendered` are fields of its content, `changes` are those of its work."""
    fields: dict[str, Any] = {
        "sender": Address("Herald", *SENDER_EMAIL.split("@")),
        "subject": SUBJECT,
        "text": TEXT,
        "html": f"<p>{TEXT}</p>",
        "message_id": f"<{ATTEMPT_ID}@example.com>",
        "mime": _mime,
    }
    content = RenderedEmail(**fields | (rendered or {}))
    return Message(label=label, work=work("email", **changes), content=content)


def as_it_is(channel: str, label: str = "a text", **changes: Any) -> Message:
    """Return a message of a channel that has no content rules: its content is the work's own."""
    made = work(channel, **changes)
    return Message(label=label, work=made, content=made.content)


def media(url: str = "https://files.example.com/parcel.pdf", **fields: Any) -> Media:
    """Return a file by link."""
    return Media(url=url, **fields)


def _mime(
    _now: datetime,
    *,
    utf8: bool,  # noqa: ARG001  as a channel's is
    attachments: Sequence[File],  # noqa: ARG001
) -> bytes | Failure:
    head = f"From: Herald <{SENDER_EMAIL}>\r\nTo: {RECIPIENT_EMAIL}\r\nSubject: {SUBJECT}\r\n"
    return f"{head}Message-ID: <{ATTEMPT_ID}@example.com>\r\n\r\n{TEXT}\r\n".encode()


@dataclass(frozen=True, slots=True)
class InHeader:
    """A signature in a header; `name` in lower case."""

    name: bytes

    def read(self, call: Call) -> bytes:
        return call.headers[self.name]

    def write(self, call: Call, signature: bytes | None) -> Call:
        others = {name: value for name, value in call.headers.items() if name != self.name}
        return replace(
            call, headers=others if signature is None else {**others, self.name: signature}
        )


@dataclass(frozen=True, slots=True)
class InQuery:
    """A signature in a field of the query."""

    name: str

    def read(self, call: Call) -> bytes:
        return dict(parse_qsl(call.query, encoding="latin-1"))[self.name].encode("latin-1")

    def write(self, call: Call, signature: bytes | None) -> Call:
        return replace(call, query=_with_field(call.query, self.name, signature))


@dataclass(frozen=True, slots=True)
class InForm:
    """A signature in a field of the form that the body is."""

    name: str

    def read(self, call: Call) -> bytes:
        return dict(parse_qsl(call.body.decode("latin-1"), encoding="latin-1"))[self.name].encode(
            "latin-1"
        )

    def write(self, call: Call, signature: bytes | None) -> Call:
        return replace(call, body=_with_field(call.body.decode(), self.name, signature).encode())


@dataclass(frozen=True, slots=True)
class InJson:
    """A signature in the JSON that the body is, at the end of a path of keys."""

    path: tuple[str, ...]

    def read(self, call: Call) -> bytes:
        found = json.loads(call.body)
        for key in self.path:
            found = found[key]
        return str(found).encode()

    def write(self, call: Call, signature: bytes | None) -> Call:
        document = json.loads(call.body)
        place = document
        for key in self.path[:-1]:
            place = place[key]
        place.pop(self.path[-1], None)
        if signature is not None:
            place[self.path[-1]] = signature.decode("latin-1")
        return replace(call, body=json.dumps(document, separators=(",", ":")).encode())


def _with_field(encoded: str, name: str, value: bytes | None) -> str:
    fields = [
        (key, given)
        for key, given in parse_qsl(encoded, keep_blank_values=True, encoding="latin-1")
        if key != name
    ]
    if value is not None:
        fields.append((name, value.decode("latin-1")))
    return urlencode(fields, encoding="latin-1")
