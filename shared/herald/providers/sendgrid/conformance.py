"""How the conformance kit tries an account at SendGrid."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from herald.contracts.content import Template
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.multipart import multipart_form
from herald.providers.samples import EPOCH_TIMES, RECIPIENT_EMAIL, InHeader, email
from herald.providers.sendgrid.errors import FAILURE_CLASSES
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

REFERENCE = "14c5d75ce93dfd0e5c8f"
SIGNATURE = InHeader(b"x-twilio-email-event-webhook-signature")
TIMESTAMP = b"x-twilio-email-event-webhook-timestamp"


def sign(call: Call, _base: str, key: EllipticCurvePrivateKey) -> Call:
    """Sign as SendGrid does: ECDSA P-256 over timestamp and body."""
    timestamp = str(int(call.at.timestamp())).encode()
    signature = base64.b64encode(key.sign(timestamp + call.body, ECDSA(SHA256())))
    return SIGNATURE.write(call.with_header(TIMESTAMP, timestamp), signature)


def install(keys: Sequence[EllipticCurvePrivateKey]) -> Installed:
    """Have the account take webhooks signed with these keys."""
    return Installed(options={"webhook_public_keys": [_public(key) for key in keys]})


def _key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


def _public(key: EllipticCurvePrivateKey) -> str:
    written = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(written).decode()


def status(said: Said) -> dict[str, Any]:
    """Write an event."""
    event: dict[str, Any] = {
        "email": RECIPIENT_EMAIL,
        "event": said.word,
        "timestamp": said.at,
        "sg_event_id": f"event-{said.number}",
        "sg_message_id": f"{said.reference}.filter0001.16648.5515E0B88.0",
    }
    if said.tag is not None:
        event["herald_attempt"] = said.tag
    if said.code is not None:
        event |= {"reason": said.code, "status": "5.1.1"}
    if said.text:
        event["response"] = said.text
    return event


def call(elements: Sequence[Any]) -> Call:
    """Write the request that carries events, or a mail as a form."""
    first = elements[0] if len(elements) == 1 else None
    if not isinstance(first, dict) or "envelope" not in first:
        return json_call(elements)
    kind, body = multipart_form(list(first.items()))
    return Call(headers={b"content-type": kind.encode()}, body=body)


def error(status_code: int, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with an error, whose prose repeats the address."""
    text = f"The message to {RECIPIENT_EMAIL} was not taken"
    document = {"errors": [{"message": text, "field": None, "help": None}]}
    return json_answer(status_code, document, headers)


SENDING = Sending(
    messages=(
        email(),
        email("HTML alone", rendered={"text": None}),
        email("with headers", rendered={"headers": {"List-Unsubscribe": "<https://example.com>"}}),
        email("a template", rendered={"template": Template(name="d-1", language="en")}),
    ),
    accepted=Answer(status=202, headers={"X-Message-Id": REFERENCE}),
    references=(REFERENCE,),
    errors=tuple(
        Error(label=str(code), answer=error(code), failure_class=known)
        for code, known in FAILURE_CLASSES.items()
    ),
    throttled=error(429),
    broken=Error(label="500", answer=error(500), failure_class=FailureClass.TRANSIENT),
)

WEBHOOKS = Webhooks(
    status=status,
    call=call,
    words={
        "processed": Status.ACCEPTED,
        "deferred": Status.DEFERRED,
        "delivered": Status.DELIVERED,
        "bounce": Status.BOUNCED,
        "dropped": Status.FAILED,
        "open": Status.READ,
        "click": Status.CLICKED,
        "spamreport": Status.COMPLAINED,
        "unsubscribe": Status.UNSUBSCRIBED,
        "group_unsubscribe": Status.UNSUBSCRIBED,
        "group_resubscribe": Status.OTHER,
    },
    codes={
        "Bounced Address": FailureClass.UNREACHABLE,
        "Invalid": FailureClass.UNREACHABLE,
        "Unsubscribed Address": FailureClass.OPTED_OUT,
        "Spam Reporting Address": FailureClass.OPTED_OUT,
        "Recipient List over Package Quota": FailureClass.AUTH,
        "a reason of tomorrow": FailureClass.PERMANENT,
    },
    failed="dropped",
    times=EPOCH_TIMES,
    signing=Signing(
        keys=(_key(), _key(), _key()),
        sign=sign,
        install=install,
        signature=SIGNATURE,
        malformed=(base64.b64encode(b"no DER"),),
    ),
    inbound=(
        Inbound(
            label="a mail",
            element={
                "from": f"Grace <{RECIPIENT_EMAIL}>",
                "to": "in@parse.example.com",
                "subject": "Re: Parcel",
                "text": "Thank you",
                "envelope": '{"to":["in@parse.example.com"]}',
                "headers": f"From: {RECIPIENT_EMAIL}\nMessage-ID: <CAF1@mail.example.org>\n",
            },
            sender=RECIPIENT_EMAIL,
            text="Thank you",
        ),
    ),
    batch=1_000,
)

SUBJECTS = (
    Subject(
        name="sendgrid",
        provider="sendgrid",
        channel="email",
        options={},
        secrets={"api_key": "key-of-the-account"},
        sending=SENDING,
        webhooks=WEBHOOKS,
    ),
)
