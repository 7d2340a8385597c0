"""How the conformance kit tries an account at Resend."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.resend.errors import BOUNCE_CLASSES, FAILURE_CLASSES
from herald.providers.resend.signature import PREFIX, key_of
from herald.providers.resend.tags import ATTEMPT_TAG, as_tag
from herald.providers.samples import ISO_TIMES, RECIPIENT_EMAIL, SUBJECT, InHeader, email
from herald.providers.subject import Subject
from herald.providers.subject_sending import Answer, Error, Sending, json_answer
from herald.providers.subject_webhooks import (
    Call,
    Inbound,
    Installed,
    Said,
    Signing,
    Webhooks,
    json_call,
)

REFERENCE = "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"
SIGNATURE = InHeader(b"svix-signature")
STATUS_OF = {
    "restricted_api_key": 401,
    "missing_api_key": 401,
    "invalid_api_key": 403,
    "rate_limit_exceeded": 429,
    "daily_quota_exceeded": 429,
    "monthly_quota_exceeded": 429,
    "concurrent_idempotent_requests": 409,
    "invalid_idempotent_request": 409,
    "application_error": 500,
    "internal_server_error": 500,
}


def sign(call: Call, _base: str, key: str) -> Call:
    """Sign as Svix does: HMAC-SHA256 over id, time and body."""
    timestamp = str(int(call.at.timestamp())).encode()
    name = call.headers[b"svix-id"]
    digest = hmac.digest(key_of(key), b".".join((name, timestamp, call.body)), sha256)
    signature = b"v1," + base64.b64encode(digest)
    return SIGNATURE.write(call.with_header(b"svix-timestamp", timestamp), signature)


def install(keys: Sequence[str]) -> Installed:
    """Have the account take webhooks signed with these keys."""
    return Installed(secrets={"webhook_secrets": list(keys)})


def call(elements: Sequence[Any]) -> Call:
    """Write the one request that carries an element; its number names it."""
    [element] = elements
    data = element.get("data") if isinstance(element, dict) else None
    number = data.get("number", "") if isinstance(data, dict) else ""
    return json_call(element).with_header(b"svix-id", f"msg_{number}".encode(errors="replace"))


def status(said: Said) -> dict[str, Any]:
    """Write an event."""
    data: dict[str, Any] = {
        "number": said.number,
        "email_id": said.reference,
        "created_at": "2020-01-01T00:00:00.000Z",  # the mail's, not the event's
        "from": "Herald <no-reply@example.com>",
        "to": [RECIPIENT_EMAIL],
        "subject": SUBJECT,
    }
    if said.tag is not None:
        data["tags"] = {ATTEMPT_TAG: as_tag(said.tag)}
    if said.code is not None or said.text:
        data["bounce"] = {"type": said.code, "message": said.text}
    return {"type": said.word, "created_at": said.at, "data": data}


def error(name: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with an error, whose prose repeats the address."""
    code = STATUS_OF.get(name, 422)
    text = f"The message to {RECIPIENT_EMAIL} was not taken"
    return json_answer(code, {"statusCode": code, "name": name, "message": text}, headers)


def _secret(text: str) -> str:
    return PREFIX + base64.b64encode(text.encode()).decode()


SENDING = Sending(
    messages=(
        email(),
        email("HTML alone", rendered={"text": None}),
        email("with headers", rendered={"headers": {"List-Unsubscribe": "<https://example.com>"}}),
    ),
    accepted=json_answer(200, {"id": REFERENCE}),
    references=(REFERENCE,),
    errors=tuple(
        Error(label=name, answer=error(name), failure_class=known)
        for name, known in FAILURE_CLASSES.items()
        if known is not FailureClass.AMBIGUOUS
    ),
    throttled=error("rate_limit_exceeded"),
    broken=Error(
        label="application_error",
        answer=error("application_error"),
        failure_class=FailureClass.TRANSIENT,
    ),
    repeats_safely=True,
)

WEBHOOKS = Webhooks(
    status=status,
    call=call,
    words={
        "email.scheduled": Status.OTHER,
        "email.sent": Status.SENT,
        "email.delivered": Status.DELIVERED,
        "email.delivery_delayed": Status.DEFERRED,
        "email.bounced": Status.BOUNCED,
        "email.suppressed": Status.FAILED,
        "email.complained": Status.COMPLAINED,
        "email.opened": Status.READ,
        "email.clicked": Status.CLICKED,
        "email.failed": Status.FAILED,
    },
    codes={**BOUNCE_CLASSES, "a type of tomorrow": FailureClass.PERMANENT},
    failed="email.bounced",
    times=ISO_TIMES,
    signing=Signing(
        keys=(_secret("the account's secret"), _secret("the next one"), _secret("another's")),
        sign=sign,
        install=install,
        signature=SIGNATURE,
        malformed=(b"v1", b"v1,", b"v2,AAAA", b"v1a,AAAA", b"AAAA"),
    ),
    inbound=(
        Inbound(
            label="a mail, without its text",
            element={
                "type": "email.received",
                "created_at": "2026-01-19T12:00:00.000Z",
                "data": {
                    "email_id": REFERENCE,
                    "from": f"Grace <{RECIPIENT_EMAIL}>",
                    "to": ["in@example.com"],
                    "subject": "Re",
                    "message_id": "<CAF1@mail.example.org>",
                },
            },
            sender=RECIPIENT_EMAIL,
        ),
    ),
)

SUBJECTS = (
    Subject(
        name="resend",
        provider="resend",
        channel="email",
        options={},
        secrets={"api_key": "key-of-the-account"},
        sending=SENDING,
        webhooks=WEBHOOKS,
    ),
)
