"""How the conformance kit tries an account at MessageBird."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import jwt

from herald.contracts.vocabulary import FailureClass, InboundKind, Status
from herald.providers.messagebird.errors import FAILURE_CLASSES
from herald.providers.messagebird.report_errors import REPORT_CODES
from herald.providers.samples import ISO_TIMES, RECIPIENT_PHONE, SENDER_PHONE, InHeader, sms
from herald.providers.subject import Subject
from herald.providers.subject_sending import Answer, Error, Sending, json_answer
from herald.providers.subject_webhooks import (
    Call,
    Inbound,
    Installed,
    Said,
    Signing,
    Webhooks,
    form_call,
)

RECIPIENT, SENDER = RECIPIENT_PHONE.removeprefix("+"), SENDER_PHONE.removeprefix("+")
REFERENCE = "efa6405d518d4c0c88cce11f7db775fb"
SIGNATURE = InHeader(b"messagebird-signature-jwt")
KEYS = ("signing-key-of-the-account-......", "signing-key-that-follows-it-......", "b" * 32)
HTTP_STATUS = {2: 401, 25: 402, 20: 404, 99: 500}


def sign(call: Call, base: str, key: str) -> Call:
    """Sign as MessageBird does: a token of the URL, and of the body if there is one."""
    begins = int(call.at.timestamp())
    claims: dict[str, Any] = {
        "iss": "MessageBird",
        "nbf": begins,
        "exp": begins + 60,
        "jti": "93e55006-a0e8-4526-a190-fa5ff00ea116",
        "url_hash": hashlib.sha256(call.url(base).encode()).hexdigest(),
    }
    if call.body:
        claims["payload_hash"] = hashlib.sha256(call.body).hexdigest()
    return SIGNATURE.write(call, jwt.encode(claims, key, algorithm="HS256").encode())


def status(said: Said) -> dict[str, Any]:
    """Write a report."""
    fields = {
        "id": said.reference,
        "reference": said.tag,
        "recipient": RECIPIENT,
        "status": said.word,
        "statusDatetime": said.at,
        "statusErrorCode": said.code,
        "statusReason": said.text or None,
        "messagePartCount": "1",
    }
    return {name: str(value) for name, value in fields.items() if value is not None}


def call(elements: Sequence[Any]) -> Call:
    """Make the GET of a report, or the POST of a message."""
    fields = elements[0]
    if "originator" in fields:
        return form_call(fields)
    return Call(method="GET", query=urlencode(fields))


INBOUND = (
    Inbound(
        label="a text",
        element={"id": "1", "recipient": SENDER, "originator": RECIPIENT, "body": "Hello"},
        sender=RECIPIENT_PHONE,
        text="Hello",
    ),
    Inbound(
        label="to a short code",
        element={"mid": "2", "shortcode": "12345", "originator": RECIPIENT, "message": "Hello"},
        sender=RECIPIENT_PHONE,
        text="Hello",
    ),
    Inbound(
        label="a picture",
        element={"id": "3", "originator": RECIPIENT, "mediaUrls": "https://files.example.com/1"},
        sender=RECIPIENT_PHONE,
        content=InboundKind.MEDIA,
    ),
)


def error(code: int, http_status: int = 422) -> Answer:
    """Answer with an error, whose prose repeats the number."""
    words = f"The number {RECIPIENT} was not taken"
    return json_answer(http_status, {"errors": [{"code": code, "description": words}]})


SENDING = Sending(
    messages=(sms(), sms("of a name", sender="Herald")),
    accepted=json_answer(
        201,
        {
            "id": REFERENCE,
            "body": "...",
            "recipients": {"items": [{"recipient": int(RECIPIENT), "status": "sent"}]},
        },
    ),
    references=(REFERENCE,),
    errors=(
        *(
            Error(
                label=str(code),
                answer=error(code, HTTP_STATUS.get(code, 422)),
                failure_class=known,
            )
            for code, known in FAILURE_CLASSES.items()
        ),
        Error(label="an unknown code", answer=error(777), failure_class=FailureClass.PERMANENT),
    ),
    throttled=json_answer(429, {"errors": []}),
    broken=Error(label="99", answer=error(99, 500), failure_class=FailureClass.TRANSIENT),
)

SUBJECTS = (
    Subject(
        name="messagebird",
        provider="messagebird",
        channel="sms",
        options={},
        secrets={"access_key": "key-of-the-account", "signing_keys": [KEYS[0]]},
        sending=SENDING,
        webhooks=Webhooks(
            status=status,
            call=call,
            words={
                "delivered": Status.DELIVERED,
                "scheduled": Status.SENT,
                "sent": Status.SENT,
                "buffered": Status.SENT,
                "expired": Status.FAILED,
                "delivery_failed": Status.FAILED,
            },
            codes={**REPORT_CODES, 777: FailureClass.UNREACHABLE},
            failed="delivery_failed",
            times=ISO_TIMES,
            signing=Signing(
                keys=KEYS,
                sign=sign,
                install=lambda keys: Installed(secrets={"signing_keys": list(keys)}),
                signature=SIGNATURE,
                malformed=(b"a.b.c", b"." * 300),
            ),
            inbound=INBOUND,
        ),
    ),
)
