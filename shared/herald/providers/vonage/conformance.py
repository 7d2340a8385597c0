"""How the conformance kit tries an account at Vonage's Messages API, for SMS and for WhatsApp."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from herald.contracts.content import Template
from herald.contracts.vocabulary import FailureClass, InboundKind, Status
from herald.providers.rendered import RenderedWhatsApp
from herald.providers.samples import (
    ISO_TIMES,
    RECIPIENT_PHONE,
    SENDER_PHONE,
    InHeader,
    media,
    sms,
    whatsapp,
)
from herald.providers.subject import Subject
from herald.providers.subject_sending import Answer, Error, Message, Sending, json_answer
from herald.providers.subject_webhooks import (
    Call,
    Inbound,
    Installed,
    Said,
    Signing,
    Webhooks,
    json_call,
)
from herald.providers.vonage.errors import FAILURE_CLASSES

RECIPIENT, SENDER = RECIPIENT_PHONE.removeprefix("+"), SENDER_PHONE.removeprefix("+")
REFERENCE = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
SIGNATURE = InHeader(b"authorization")
KEYS = tuple(f"{which}-signature-secret-of-vonage!".ljust(32, "!") for which in ("a", "b", "c"))
HTTP_STATUS = {"throttled": 429, "1000": 429, "unauthorized": 401, "low-balance": 402}
PRIVATE_KEY = (
    generate_private_key(65537, 2048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)


def sign(call: Call, _base: str, key: str) -> Call:
    """Sign as Vonage does: a token that holds the body's hash."""
    claims = {
        "iat": int(call.at.timestamp()),
        "jti": "11111111-bbbb-4ccc-8ddd-0123456789ab",
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(call.body).hexdigest(),
    }
    token = jwt.encode(claims, key, algorithm="HS256")
    return SIGNATURE.write(call, f"Bearer {token}".encode())


def status(said: Said, channel: str) -> dict[str, Any]:
    """Write a status."""
    element: dict[str, Any] = {
        "message_uuid": said.reference,
        "to": RECIPIENT,
        "from": SENDER,
        "timestamp": said.at,
        "status": said.word,
        "channel": channel,
    }
    if said.tag is not None:
        element["client_ref"] = said.tag
    if said.code is not None:
        page = "https://developer.vonage.com/api-errors/messages"
        element["error"] = {
            "type": f"{page}#{said.code}",
            "title": said.code,
            "detail": said.text,
            "instance": "bf0ca0bf927b3b52e3cb03217e1a1ddf",
        }
    return element


def call(elements: Sequence[Any]) -> Call:
    """Post one event."""
    return json_call(elements[0])


def message(kind: str, channel: str, **parts: Any) -> dict[str, Any]:
    """Write a message of a recipient's."""
    head = {
        "channel": channel,
        "message_uuid": REFERENCE,
        "to": SENDER,
        "from": RECIPIENT,
        "timestamp": "2026-01-19T12:00:00Z",
        "message_type": kind,
    }
    return {**head, **parts}


def inbound(channel: str) -> tuple[Inbound, ...]:
    """Return messages of recipients on a channel."""
    text = Inbound(
        label="a text",
        element=message("text", channel, text="Hello"),
        sender=RECIPIENT_PHONE,
        text="Hello",
    )
    if channel == "sms":
        return (text,)
    picture = {"url": "https://api.nexmo.com/v3/media/1", "caption": "Look"}
    return (
        text,
        Inbound(
            label="a picture",
            element=message("image", channel, image=picture),
            sender=RECIPIENT_PHONE,
            text="Look",
            content=InboundKind.MEDIA,
        ),
        Inbound(
            label="a kind of tomorrow",
            element=message("hologram", channel, hologram={"id": 1}),
            sender=RECIPIENT_PHONE,
            content=InboundKind.OTHER,
        ),
    )


def error(code: str, http_status: int = 422) -> Answer:
    """Answer with an error, whose prose repeats the number."""
    document = {
        "type": f"https://developer.vonage.com/api-errors/messages#{code}",
        "title": "Refused",
        "detail": f"The number {RECIPIENT} was not taken",
        "instance": "bf0ca0bf927b3b52e3cb03217e1a1ddf",
    }
    return json_answer(http_status, document)


def sending(messages: Sequence[Message]) -> Sending:
    """Say what is asked of Vonage, on any channel, and what it answers."""
    return Sending(
        messages=messages,
        accepted=json_answer(202, {"message_uuid": REFERENCE}),
        references=(REFERENCE,),
        errors=(
            *(
                Error(
                    label=code,
                    answer=error(code, HTTP_STATUS.get(code, 422)),
                    failure_class=known,
                )
                for code, known in FAILURE_CLASSES.items()
            ),
            Error(
                label="an unknown code", answer=error("7777"), failure_class=FailureClass.PERMANENT
            ),
        ),
        throttled=error("1000", 429),
        broken=Error(label="1030", answer=error("1030", 500), failure_class=FailureClass.TRANSIENT),
    )


TEMPLATE = Template(name="parcel", language="en-US", variables={"1": "4711"})
BY_SMS = sending((sms(), sms("of a name", sender="Herald")))
BY_WHATSAPP = sending(
    (
        whatsapp(),
        whatsapp("a file", content=RenderedWhatsApp(text="Look", media=media(kind="document"))),
        whatsapp("a template", content=RenderedWhatsApp(template=TEMPLATE)),
    )
)


def webhooks(channel: str) -> Webhooks:
    """Say what Vonage reports of a channel."""
    return Webhooks(
        status=lambda said: status(said, channel),
        call=call,
        words={
            "submitted": Status.SENT,
            "delivered": Status.DELIVERED,
            "read": Status.READ,
            "rejected": Status.FAILED,
            "undeliverable": Status.FAILED,
        },
        codes={**FAILURE_CLASSES, "7777": FailureClass.PERMANENT},
        failed="rejected",
        times=ISO_TIMES,
        signing=Signing(
            keys=(KEYS[0], KEYS[1], KEYS[2]),
            sign=sign,
            install=lambda keys: Installed(secrets={"signature_secrets": list(keys)}),
            signature=SIGNATURE,
            malformed=(b"Bearer a.b.c", b"Basic eDp5", b"Bearer " + b"." * 300),
        ),
        inbound=inbound(channel),
    )


BY_APPLICATION = Subject(
    name="vonage",
    provider="vonage",
    channel="sms",
    options={"application_id": "00000000-0000-4000-8000-00000000000a"},
    secrets={"private_key": PRIVATE_KEY, "signature_secrets": [KEYS[0]]},
    sending=BY_SMS,
    webhooks=webhooks("sms"),
)

SUBJECTS = (
    BY_APPLICATION,
    replace(
        BY_APPLICATION,
        name="vonage-whatsapp",
        channel="whatsapp",
        options={"api_key": "abcd1234"},
        secrets={"api_secret": "secret-of-the-account", "signature_secrets": [KEYS[0]]},
        sending=BY_WHATSAPP,
        webhooks=webhooks("whatsapp"),
    ),
)
