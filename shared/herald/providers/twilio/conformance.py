"""How the conformance kit tries an account at Twilio, for SMS and for WhatsApp."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from herald.contracts.content import Template
from herald.contracts.content.rich import Location
from herald.contracts.vocabulary import FailureClass, InboundKind, Status
from herald.providers.rendered import RenderedSms, RenderedWhatsApp
from herald.providers.samples import RECIPIENT_PHONE, SENDER_PHONE, InHeader, media, sms, whatsapp
from herald.providers.subject import Subject
from herald.providers.subject_sending import Answer, Error, Message, Sending, Without, json_answer
from herald.providers.subject_webhooks import (
    Call,
    Inbound,
    Installed,
    Said,
    Signing,
    Webhooks,
    form_call,
)
from herald.providers.twilio.errors import FAILURE_CLASSES

ACCOUNT_SID = "AC" + "0" * 32
SERVICE_SID = "MG" + "0" * 32
REFERENCE = "SM" + "1" * 32
SIGNATURE = InHeader(b"x-twilio-signature")

Element = tuple[str | None, dict[str, str]]  # what our callback carried, and the form


def sign(call: Call, base: str, key: str) -> Call:
    """Sign as Twilio does: HMAC-SHA1 of the URL, and of the sorted fields behind it."""
    fields = parse_qsl(call.body.decode(), keep_blank_values=True)
    text = call.url(base) + "".join(name + value for name, value in sorted(set(fields)))
    return SIGNATURE.write(call, base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha1")))


def install(keys: Sequence[str]) -> Installed:
    """Have the account take these tokens."""
    return Installed(secrets={"auth_tokens": list(keys)})


def status(said: Said, network: str = "") -> Element:
    """Write a status callback; `network` stands in front of both addresses."""
    fields = {
        "MessageSid": said.reference,
        "SmsSid": said.reference,
        "MessageStatus": said.word,
        "SmsStatus": said.word,
        "To": network + RECIPIENT_PHONE,
        "From": network + SENDER_PHONE,
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
    }
    if said.code is not None:
        fields["ErrorCode"] = str(said.code)
    if said.text:
        fields["ErrorMessage"] = said.text
    return said.tag, fields


def call(elements: Sequence[Element]) -> Call:
    """Post the form of one event."""
    tag, fields = elements[0]
    return form_call(fields, query="" if tag is None else urlencode({"attempt": tag}))


def message(network: str = "", **fields: str) -> Element:
    """Write a message of a recipient's."""
    head = {
        "MessageSid": "SM" + "2" * 32,
        "SmsStatus": "received",
        "AccountSid": ACCOUNT_SID,
        "From": network + RECIPIENT_PHONE,
        "To": network + SENDER_PHONE,
        "NumMedia": "0",
    }
    return None, {**head, **fields}


def inbound(network: str) -> tuple[Inbound, ...]:
    """Return messages of recipients by a network."""
    picture = {
        "NumMedia": "1",
        "MediaUrl0": "https://api.twilio.com/Media/ME1",
        "MediaContentType0": "image/jpeg",
    }
    return (
        Inbound(
            label="a text",
            element=message(network, Body="Hello"),
            sender=RECIPIENT_PHONE,
            text="Hello",
        ),
        Inbound(
            label="a picture",
            element=message(network, Body="Look", **picture),
            sender=RECIPIENT_PHONE,
            text="Look",
            content=InboundKind.MEDIA,
        ),
    )


def error(code: int, http_status: int = 400) -> Answer:
    """Answer with an error, whose prose repeats the number."""
    text = f"The 'To' number {RECIPIENT_PHONE} was not taken"
    return json_answer(http_status, {"code": code, "message": text, "status": http_status})


def sending(messages: Sequence[Message]) -> Sending:
    """Say what is asked of Twilio, on any channel, and what it answers."""
    return Sending(
        messages=messages,
        accepted=json_answer(
            201, {"sid": REFERENCE, "status": "queued", "to": RECIPIENT_PHONE, "body": "..."}
        ),
        references=(REFERENCE,),
        errors=(
            *(
                Error(label=str(code), answer=error(code), failure_class=known)
                for code, known in FAILURE_CLASSES.items()
            ),
            Error(label="an unknown code", answer=error(7), failure_class=FailureClass.PERMANENT),
        ),
        throttled=error(20429, 429),
        broken=Error(label="20500", answer=error(20500, 500), failure_class=FailureClass.TRANSIENT),
    )


TEMPLATE = Template(name="HX" + "2" * 32, language="en", variables={"1": "4711"})
BY_SMS = sending(
    (
        sms(),
        replace(sms("a file"), content=RenderedSms(text="Look", media=(media(kind="image"),))),
        sms("by a service", sender=None),
    )
)
BY_WHATSAPP = sending(
    (
        whatsapp(),
        whatsapp("a file", content=RenderedWhatsApp(text="Look", media=media(kind="image"))),
        whatsapp("a template", content=RenderedWhatsApp(template=TEMPLATE)),
        whatsapp("a place", content=RenderedWhatsApp(location=Location(latitude=1, longitude=2))),
    )
)

WEBHOOKS = Webhooks(
    status=status,
    call=call,
    words={
        "accepted": Status.ACCEPTED,
        "scheduled": Status.ACCEPTED,
        "queued": Status.ACCEPTED,
        "sending": Status.ACCEPTED,
        "sent": Status.SENT,
        "delivered": Status.DELIVERED,
        "read": Status.READ,
        "undelivered": Status.FAILED,
        "failed": Status.FAILED,
        "canceled": Status.FAILED,
        "partially_delivered": Status.OTHER,
    },
    codes={**FAILURE_CLASSES, 7: FailureClass.PERMANENT},
    failed="undelivered",
    times=Without("Twilio gives no time of an event"),
    signing=Signing(
        keys=("first-token", "second-token", "token-of-another"),
        sign=sign,
        install=install,
        signature=SIGNATURE,
        malformed=(base64.b64encode(b"short"),),
    ),
    inbound=inbound(""),
)


def _subject(name: str, channel: str, given: Sending, webhooks: Any) -> Subject:
    return Subject(
        name=name,
        provider="twilio",
        channel=channel,
        options={"account_sid": ACCOUNT_SID, "messaging_service_sid": SERVICE_SID},
        secrets={"auth_tokens": ["first-token"]},
        sending=given,
        webhooks=webhooks,
    )


SUBJECTS = (
    _subject("twilio", "sms", BY_SMS, WEBHOOKS),
    _subject(
        "twilio-whatsapp",
        "whatsapp",
        BY_WHATSAPP,
        replace(
            WEBHOOKS,
            status=lambda said: status(said, "whatsapp:"),
            inbound=inbound("whatsapp:"),
        ),
    ),
)
