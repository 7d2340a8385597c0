"""How the conformance kit tries an account at Amazon SES.

Each key signs for a topic of its own: which topics an account allows decides what it takes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from herald.contracts.content import Template
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.samples import ISO_TIMES, RECIPIENT_EMAIL, SENDER_EMAIL, TEXT, InJson, email
from herald.providers.ses.certificates import Certificates, Fetched
from herald.providers.ses.errors import BOUNCE_CLASSES, FAILURE_CLASSES
from herald.providers.ses.names import tag_value
from herald.providers.ses.sns import read_envelope
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

REFERENCE = "0107018f2c3d4e5f-00000000-0000-0000-0000-000000000001-000000"
HOST = "https://sns.eu-central-1.amazonaws.com"
HTTP_STATUS = {FailureClass.AUTH: 403, FailureClass.RATE_LIMITED: 429, FailureClass.TRANSIENT: 500}
DETAILS = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
RECIPIENTS = {"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients"}


def _topic(name: str) -> str:
    return f"arn:aws:sns:eu-central-1:123456789012:{name}"


@cache
def _key(name: str) -> RSAPrivateKey:  # noqa: ARG001  one a name
    return generate_private_key(65537, 2048)


async def certificate(url: str) -> Fetched:
    """Give the certificate of a key, as Amazon's host would."""
    key = _key(url.rpartition("-")[2].removesuffix(".pem"))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=1)).public_key(key.public_key())
    return Fetched(200, builder.sign(key, SHA256()).public_bytes(Encoding.PEM))


def sign(call: Call, _base: str, name: str) -> Call:
    """Sign as SNS does, for the topic of a key; what is no envelope has nothing to sign."""
    given = read_envelope(_document(call.body))
    if given is None:
        return call
    fields = {
        **given.fields,
        "TopicArn": _topic(name),
        "SignatureVersion": "2",
        "SigningCertURL": f"{HOST}/SimpleNotificationService-{name}.pem",
    }
    envelope = read_envelope(fields)
    assert envelope is not None
    signature = _key(name).sign(envelope.canonical, PKCS1v15(), SHA256())
    fields["Signature"] = base64.b64encode(signature).decode()
    heads = {"message-type": "Type", "message-id": "MessageId", "topic-arn": "TopicArn"}
    signed = replace(call, body=json.dumps(fields).encode())
    for head, field in heads.items():
        signed = signed.with_header(f"x-amz-sns-{head}".encode(), fields[field].encode())
    return signed


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def install(names: Sequence[str]) -> Installed:
    """Have the account take what comes by the topics of these keys."""
    return Installed(options={"topics": [_topic(name) for name in names]})


def envelope_of(elements: Sequence[Any]) -> Call:
    """Put an event into SNS's envelope; its id is made of what it says."""
    message = json.dumps(elements[0])
    return json_call(
        {
            "Type": "Notification",
            "MessageId": hashlib.sha256(message.encode()).hexdigest()[:32],
            "TopicArn": _topic("one"),
            "Message": message + "\n",
            "Timestamp": "2026-01-19T12:00:02.000Z",
        }
    )


def status(said: Said) -> dict[str, Any]:
    """Write an event."""
    recipient = {"emailAddress": RECIPIENT_EMAIL, "diagnosticCode": said.text}
    details: dict[str, Any] = {"timestamp": said.at, "feedbackId": f"feedback-{said.number}"}
    if said.word in RECIPIENTS:
        details[RECIPIENTS[said.word]] = [recipient]
    if said.word == "Bounce":
        kind = said.code or "Permanent/General"
        details["bounceType"], _, details["bounceSubType"] = str(kind).partition("/")
    if said.word == "Subscription":
        details["newTopicPreferences"] = {"unsubscribeAll": True}
    tags = {} if said.tag is None else {"herald_attempt": [tag_value(said.tag)]}
    return {
        "eventType": said.word,
        DETAILS.get(said.word, said.word.lower()): details,
        "mail": {
            "messageId": said.reference,
            "source": SENDER_EMAIL,
            "destination": [RECIPIENT_EMAIL],
            "tags": tags,
        },
    }


def error(name: str, known: FailureClass, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with an error, whose prose repeats the address."""
    document = {"message": f"The mail to {RECIPIENT_EMAIL} was not taken"}
    heads = {"x-amzn-ErrorType": f"{name}:http://internal.amazon.com/", **(headers or {})}
    return json_answer(HTTP_STATUS.get(known, 400), document, heads)


SENDING = Sending(
    messages=(
        email(),
        email("HTML alone", rendered={"text": None}),
        email("a template", rendered={"template": Template(name="welcome", language="en")}),
    ),
    tagged=tag_value,
    accepted=json_answer(200, {"MessageId": REFERENCE}),
    references=(REFERENCE,),
    errors=tuple(
        Error(label=name, answer=error(name, known), failure_class=known)
        for name, known in FAILURE_CLASSES.items()
    ),
    throttled=error("TooManyRequestsException", FailureClass.RATE_LIMITED),
    broken=Error(
        label="InternalFailure",
        answer=error("InternalFailure", FailureClass.TRANSIENT),
        failure_class=FailureClass.TRANSIENT,
    ),
)

WEBHOOKS = Webhooks(
    status=status,
    call=envelope_of,
    words={
        "Send": Status.SENT,
        "Delivery": Status.DELIVERED,
        "Open": Status.READ,
        "Click": Status.CLICKED,
        "Bounce": Status.BOUNCED,
        "Complaint": Status.COMPLAINED,
        "DeliveryDelay": Status.DEFERRED,
        "Reject": Status.FAILED,
        "Rendering Failure": Status.FAILED,
        "Subscription": Status.UNSUBSCRIBED,
    },
    codes={"/".join(kind): known for kind, known in BOUNCE_CLASSES.items()},
    failed="Bounce",
    times=ISO_TIMES,
    signing=Signing(
        covers="values",  # SNS signs fields, however they are written
        keys=("one", "two", "three"),
        sign=sign,
        install=install,
        signature=InJson(("Signature",)),
        malformed=(base64.b64encode(b"x" * 256), base64.b64encode(b"x" * 255)),
    ),
    inbound=(
        Inbound(
            label="a mail",
            element={
                "notificationType": "Received",
                "receipt": {"recipients": [SENDER_EMAIL], "action": {"type": "SNS"}},
                "mail": {"messageId": REFERENCE},
                "content": f"From: {RECIPIENT_EMAIL}\r\nSubject: Re\r\n\r\n{TEXT}\r\n",
            },
            sender=RECIPIENT_EMAIL,
            text=TEXT,
        ),
    ),
    prepare=lambda endpoint: replace(endpoint, certificates=Certificates(certificate)),
)

SUBJECTS = (
    Subject(
        name="ses",
        provider="ses",
        channel="email",
        options={"region": "eu-central-1", "templates": ["welcome"]},
        secrets={"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret-of-the-user"},
        sending=SENDING,
        webhooks=WEBHOOKS,
    ),
)
