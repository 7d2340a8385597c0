"""How the conformance kit tries an account at Postmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from herald.contracts.content import Template
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.postmark.errors import BOUNCE_CLASSES, FAILURE_CLASSES
from herald.providers.postmark.signature import encoded_login
from herald.providers.postmark.statuses import BOUNCES, STATUSES
from herald.providers.samples import ISO_TIMES, RECIPIENT_EMAIL, TEXT, InHeader, email
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

REFERENCE = "b7bc2f4a-e38e-4336-af7d-e6c392c2f817"
LOGIN = InHeader(b"authorization")
HTTP_STATUS = {10: 401, 100: 503, 429: 429}  # of all others 422
TIMES = {"Delivery": "DeliveredAt", "Bounce": "BouncedAt", "SubscriptionChange": "ChangedAt"}


def sign(call: Call, _base: str, login: str) -> Call:
    """Name oneself by the login in the webhook's URL."""
    return LOGIN.write(call, b"Basic " + encoded_login(login))


def install(logins: Sequence[str]) -> Installed:
    """Have the account take webhooks with these logins."""
    return Installed(secrets={"webhook_logins": list(logins)})


def status(said: Said) -> dict[str, Any]:
    """Write an event."""
    is_bounce = said.word in BOUNCES and said.word not in STATUSES
    word = "Bounce" if is_bounce else said.word
    event: dict[str, Any] = {
        "RecordType": word,
        "MessageID": said.reference,
        "MessageStream": "outbound",
        "Recipient": RECIPIENT_EMAIL,
        "Metadata": {} if said.tag is None else {"herald_attempt": said.tag},
        TIMES.get(word, "ReceivedAt"): said.at,
        "OriginalLink": f"https://example.com/{said.number}",
    }
    if word == "Bounce":
        kind = said.word if is_bounce else said.code or "HardBounce"
        event |= {"ID": said.number, "Type": kind, "Email": RECIPIENT_EMAIL, "Details": said.text}
    if said.word == "SubscriptionChange":
        event |= {"SuppressSending": True, "SuppressionReason": "ManualSuppression"}
    return event


def error(code: int, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with an error, whose prose repeats the address."""
    document = {"ErrorCode": code, "Message": f"The mail to {RECIPIENT_EMAIL} was not taken"}
    return json_answer(HTTP_STATUS.get(code, 422), document, headers)


SENDING = Sending(
    messages=(
        email(),
        email("HTML alone", rendered={"text": None}),
        email("with headers", rendered={"headers": {"List-Unsubscribe": "<https://example.com>"}}),
        email("a template", rendered={"template": Template(name="welcome", language="en")}),
    ),
    accepted=json_answer(200, {"ErrorCode": 0, "MessageID": REFERENCE, "To": RECIPIENT_EMAIL}),
    references=(REFERENCE,),
    errors=tuple(
        Error(label=str(code), answer=error(code), failure_class=known)
        for code, known in FAILURE_CLASSES.items()
    ),
    throttled=error(429),
    broken=Error(
        label="500",
        answer=json_answer(500, {"ErrorCode": 500, "Message": "Internal server error"}),
        failure_class=FailureClass.TRANSIENT,
    ),
)

WEBHOOKS = Webhooks(
    status=status,
    call=lambda elements: json_call(elements[0]),
    words={
        "Delivery": Status.DELIVERED,
        "Bounce": Status.BOUNCED,
        "SpamComplaint": Status.COMPLAINED,
        "Open": Status.READ,
        "Click": Status.CLICKED,
        "SubscriptionChange": Status.UNSUBSCRIBED,
        "HardBounce": Status.BOUNCED,
        "SoftBounce": Status.BOUNCED,
        "VirusNotification": Status.BOUNCED,
        "Transient": Status.DEFERRED,
        "DnsError": Status.DEFERRED,
        "OpenRelayTest": Status.DEFERRED,
        "BadEmailAddress": Status.FAILED,
        "ManuallyDeactivated": Status.FAILED,
        "Blocked": Status.FAILED,
        "DMARCPolicy": Status.FAILED,
        "Unconfirmed": Status.FAILED,
        "SMTPApiError": Status.FAILED,
        "TemplateRenderingFailed": Status.FAILED,
        "SpamNotification": Status.COMPLAINED,
        "Unsubscribe": Status.UNSUBSCRIBED,
        "ManualSuppression": Status.UNSUBSCRIBED,
        "AutoResponder": Status.OTHER,
        "AddressChange": Status.OTHER,
        "ChallengeVerification": Status.OTHER,
        "Subscribe": Status.OTHER,
        "InboundError": Status.OTHER,
        "Unknown": Status.OTHER,
    },
    codes=BOUNCE_CLASSES,
    failed="Bounce",
    times=ISO_TIMES,
    signing=Signing(
        keys=("herald:the-first-one", "herald:the-next-one", "herald:of-another"),
        sign=sign,
        install=install,
        signature=LOGIN,
        malformed=(b"Basic", b"Basic ", b"Basic herald:the-first-one", b"Bearer x"),
    ),
    inbound=(
        Inbound(
            label="a mail",
            element={
                "FromFull": {"Email": RECIPIENT_EMAIL, "Name": "Grace Hopper"},
                "MessageID": REFERENCE,
                "Subject": "Re: Parcel",
                "TextBody": TEXT,
            },
            sender=RECIPIENT_EMAIL,
            text=TEXT,
        ),
    ),
)

SUBJECTS = (
    Subject(
        name="postmark",
        provider="postmark",
        channel="email",
        options={"templates": ["welcome"]},
        secrets={"server_token": "token-of-the-server"},
        sending=SENDING,
        webhooks=WEBHOOKS,
        exempt={"signature_covers_body": "Postmark signs nothing: it gives a login"},
    ),
)
