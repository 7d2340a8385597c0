"""How the conformance kit tries an account at Mailgun."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from herald.contracts.content import Template
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.mailgun.errors import FAILURE_CLASSES, FAILURE_REASONS
from herald.providers.samples import (
    EPOCH_TIMES,
    RECIPIENT_EMAIL,
    TEXT,
    InJson,
    email,
)
from herald.providers.subject import Subject
from herald.providers.subject_sending import Answer, Error, Sending, json_answer
from herald.providers.subject_webhooks import (
    FORM,
    Call,
    Inbound,
    Installed,
    Said,
    Signing,
    Webhooks,
    form_call,
    json_call,
)

REFERENCE = "20260119120000.1.ABC@mg.example.com"
MAIL = {
    "recipient": "in@mg.example.com",
    "from": f"Grace <{RECIPIENT_EMAIL}>",
    "subject": "Re: Parcel",
    "body-plain": "Thank you",
    "Message-Id": "<CAF1@mail.example.org>",
}


def sign(call: Call, _base: str, key: str) -> Call:
    """Sign as Mailgun does: hex HMAC-SHA256 over timestamp and token."""
    if call.headers.get(b"content-type") == FORM:
        fields = dict(parse_qsl(call.body.decode()))
        return form_call({**fields, **_signature(call, fields["token"], key)})
    try:
        document = json.loads(call.body)
        signed = _signature(call, document["signature"]["token"], key)
    except (ValueError, KeyError, TypeError, RecursionError):
        return call  # there is no place for a signature
    return json_call({**document, "signature": signed})


def _signature(call: Call, token: str, key: str) -> dict[str, str]:
    timestamp = str(int(call.at.timestamp()))
    digest = hmac.new(key.encode(), (timestamp + token).encode(), "sha256").hexdigest()
    return {"timestamp": timestamp, "token": token, "signature": digest}


def install(keys: Sequence[str]) -> Installed:
    """Have the account take webhooks signed with these keys."""
    return Installed(secrets={"webhook_signing_keys": list(keys)})


def call(elements: Sequence[Any]) -> Call:
    """Write the one request that carries an element; a mail comes as a form."""
    [element] = elements
    if isinstance(element, dict) and "body-plain" in element:
        return form_call({**element, "timestamp": "1", "token": "mail", "signature": "0"})
    event = element.get("event-data") if isinstance(element, dict) else None
    number = event.get("id", "") if isinstance(event, dict) else ""
    given = element if isinstance(element, dict) else {"event-data": element}
    return json_call({**given, "signature": {"token": f"token-{number}"}})


def status(said: Said) -> dict[str, Any]:
    """Write an event."""
    event: dict[str, Any] = {
        "event": said.word,
        "id": f"event-{said.number}",
        "timestamp": said.at,
        "recipient": RECIPIENT_EMAIL,
        "message": {"headers": {"message-id": said.reference, "to": RECIPIENT_EMAIL}},
        "user-variables": {} if said.tag is None else {"herald_attempt": said.tag},
        "envelope": {"targets": RECIPIENT_EMAIL},
    }
    if said.code is not None:
        event |= {"severity": "permanent", "reason": said.code}
    if said.text:
        event["delivery-status"] = {"code": 550, "message": said.text}
    return {"event-data": event}


def error(status_code: int, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with an error, whose prose repeats the address."""
    document = {"message": f"The message to {RECIPIENT_EMAIL} was not taken"}
    return json_answer(status_code, document, headers)


SENDING = Sending(
    messages=(
        email(),
        email("HTML alone", rendered={"text": None}),
        email("with headers", rendered={"headers": {"List-Unsubscribe": "<https://example.com>"}}),
        email("a template", rendered={"template": Template(name="welcome", language="en")}),
    ),
    accepted=json_answer(200, {"id": f"<{REFERENCE}>", "message": "Queued. Thank you."}),
    references=(REFERENCE,),
    errors=(
        *(
            Error(label=str(code), answer=error(code), failure_class=known)
            for code, known in FAILURE_CLASSES.items()
        ),
        Error(
            label="a base URL of none of its API",
            answer=Answer(status=200, body=b"Mailgun Magnificent API"),
            failure_class=FailureClass.AUTH,
        ),
    ),
    throttled=error(429),
    broken=Error(label="500", answer=error(500), failure_class=FailureClass.TRANSIENT),
)

WEBHOOKS = Webhooks(
    status=status,
    call=call,
    words={
        "accepted": Status.ACCEPTED,
        "delivered": Status.DELIVERED,
        "failed": Status.BOUNCED,
        "rejected": Status.FAILED,
        "opened": Status.READ,
        "clicked": Status.CLICKED,
        "unsubscribed": Status.UNSUBSCRIBED,
        "complained": Status.COMPLAINED,
        "stored": Status.OTHER,
    },
    codes={**FAILURE_REASONS, "a reason of tomorrow": FailureClass.PERMANENT},
    failed="failed",
    times=EPOCH_TIMES,
    signing=Signing(
        keys=("signing-key-1", "signing-key-2", "signing-key-of-another"),
        sign=sign,
        install=install,
        signature=InJson(("signature", "signature")),
    ),
    inbound=(
        Inbound(label="a mail", element=MAIL, sender=RECIPIENT_EMAIL, text="Thank you"),
        Inbound(
            label="a mail with its headers",
            element={
                **MAIL,
                "body-plain": TEXT,
                "message-headers": json.dumps([["From", RECIPIENT_EMAIL], ["Subject", "Re"]]),
            },
            sender=RECIPIENT_EMAIL,
            text=TEXT,
        ),
    ),
)

SUBJECTS = (
    Subject(
        name="mailgun",
        provider="mailgun",
        channel="email",
        options={"domain": "mg.example.com", "templates": ["welcome"]},
        secrets={"api_key": "key-of-the-account"},
        sending=SENDING,
        webhooks=WEBHOOKS,
        exempt={
            "signature_covers_body": "Mailgun signs a time and a token, and nothing else",
        },
    ),
)
