"""How the conformance kit tries an account at Vonage's SMS API: signed, and by a token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from herald.contracts.vocabulary import FailureClass, InboundKind, Status
from herald.providers.samples import (
    ISO_TIMES,
    RECIPIENT_PHONE,
    SENDER_PHONE,
    InForm,
    InQuery,
    sms,
)
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
from herald.providers.vonage_sms.errors import FAILURE_CLASSES
from herald.providers.vonage_sms.receipt_errors import RECEIPT_CODES
from herald.providers.vonage_sms.signature import signature

RECIPIENT = RECIPIENT_PHONE.removeprefix("+")
REFERENCE = "0A0000001234567B"
SIGNATURE, TOKEN = InForm("sig"), InQuery("token")
COVERS_NOTHING = "a token in the URL says who calls, and covers nothing else"


def sign(call: Call, _base: str, key: str) -> Call:
    """Sign as Vonage does: HMAC-SHA256 of the sorted fields."""
    unsigned = SIGNATURE.write(call, None)
    fields = dict(parse_qsl(unsigned.body.decode(), keep_blank_values=True))
    fields["timestamp"] = str(int(call.at.timestamp()))
    timed = replace(call, body=urlencode(fields).encode())
    return SIGNATURE.write(timed, signature(fields, key.encode(), "sha256").encode())


def status(said: Said) -> dict[str, Any]:
    """Write a delivery receipt."""
    fields = {
        "msisdn": RECIPIENT,
        "to": SENDER_PHONE.removeprefix("+"),
        "messageId": said.reference,
        "status": said.word,
        "err-code": "0" if said.code is None else str(said.code),
        "network-code": "12345",
        "api-key": "abcd1234",
        "message-timestamp": said.at,
        "client-ref": said.tag,
    }
    return {name: value for name, value in fields.items() if value is not None}


def posted(elements: Sequence[Any]) -> Call:
    """Make the form of one event."""
    return form_call(elements[0])


def got(elements: Sequence[Any]) -> Call:
    """Make the GET of one event."""
    return Call(method="GET", query=urlencode(elements[0]))


def message(**fields: str) -> dict[str, str]:
    """Write a message of a recipient's."""
    head = {"msisdn": RECIPIENT, "to": "15550001111", "messageId": "0B1", "api-key": "abcd1234"}
    return {**head, **fields}


INBOUND = (
    Inbound(
        label="a text",
        element=message(text="Hello", type="text"),
        sender=RECIPIENT_PHONE,
        text="Hello",
    ),
    Inbound(
        label="bytes",
        element=message(data="00ff", type="binary"),
        sender=RECIPIENT_PHONE,
        content=InboundKind.OTHER,
    ),
)


def answer(*messages: Mapping[str, Any]) -> Answer:
    """Answer for each part of a text; with HTTP 200 whatever became of it."""
    return json_answer(200, {"message-count": str(len(messages)), "messages": messages})


def error(code: int) -> Answer:
    """Answer with an error, whose prose repeats the number."""
    return answer({"status": str(code), "error-text": f"Number {RECIPIENT} was not taken"})


SENDING = Sending(
    messages=(sms(), sms("of a name", sender="Herald")),
    accepted=answer(
        {"to": RECIPIENT, "message-id": REFERENCE, "status": "0", "message-price": "0.03"},
        {"to": RECIPIENT, "message-id": f"{REFERENCE}2", "status": "0"},
    ),
    references=(REFERENCE, f"{REFERENCE}2"),
    errors=(
        *(
            Error(label=str(code), answer=error(code), failure_class=known)
            for code, known in FAILURE_CLASSES.items()
        ),
        Error(label="an unknown code", answer=error(777), failure_class=FailureClass.PERMANENT),
    ),
    throttled=error(1),
    broken=Error(label="5", answer=error(5), failure_class=FailureClass.TRANSIENT),
)

SIGNED = Webhooks(
    status=status,
    call=posted,
    words={
        "accepted": Status.SENT,
        "buffered": Status.SENT,
        "delivered": Status.DELIVERED,
        "failed": Status.FAILED,
        "expired": Status.FAILED,
        "rejected": Status.FAILED,
        "deleted": Status.FAILED,
        "unknown": Status.OTHER,
    },
    codes={**RECEIPT_CODES, 777: FailureClass.UNREACHABLE},
    failed="failed",
    times=ISO_TIMES,
    signing=Signing(
        keys=("first-secret", "second-secret", "secret-of-another"),
        sign=sign,
        install=lambda keys: Installed(secrets={"signature_secrets": list(keys)}),
        signature=SIGNATURE,
    ),
    inbound=INBOUND,
)
BY_URL = replace(
    SIGNED,
    call=got,
    signing=Signing(
        keys=("first-token-of-the-url", "second-token-of-the-url", "token-of-another-url"),
        sign=lambda call, _base, key: TOKEN.write(call, key.encode()),
        install=lambda keys: Installed(secrets={"webhook_tokens": list(keys)}),
        signature=TOKEN,
    ),
)

SUBJECTS = (
    Subject(
        name="vonage_sms",
        provider="vonage_sms",
        channel="sms",
        options={"api_key": "abcd1234"},
        secrets={"api_secret": "secret-of-the-account"},
        sending=SENDING,
        webhooks=SIGNED,
    ),
    Subject(
        name="vonage_sms-by-token",
        provider="vonage_sms",
        channel="sms",
        options={"api_key": "abcd1234"},
        secrets={"api_secret": "secret-of-the-account"},
        sending=SENDING,
        webhooks=BY_URL,
        exempt={"signature_covers_body": COVERS_NOTHING},
    ),
)
