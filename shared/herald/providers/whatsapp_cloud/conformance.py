"""How the conformance kit tries an account at Meta's WhatsApp Cloud API."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from herald.contracts.content import Template
from herald.contracts.content.rich import Button, Location
from herald.contracts.vocabulary import FailureClass, InboundKind, Status
from herald.providers.rendered import RenderedWhatsApp
from herald.providers.samples import EPOCH_TIMES, RECIPIENT_PHONE, TEXT, InHeader, media, whatsapp
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
from herald.providers.whatsapp_cloud.errors import FAILURE_CLASSES

NUMBER_ID = "100000000000001"
RECIPIENT = RECIPIENT_PHONE.removeprefix("+")
REFERENCE = "wamid.HBgLMTU1NTAwMDIyMjIVAgARGBI"
SIGNATURE = InHeader(b"x-hub-signature-256")


def sign(call: Call, _base: str, key: str) -> Call:
    """Sign as Meta does: HMAC-SHA256 of the body under the app secret."""
    digest = hmac.digest(key.encode(), call.body, "sha256").hex()
    return SIGNATURE.write(call, f"sha256={digest}".encode())


def install(keys: Sequence[str]) -> Installed:
    """Have the account take these app secrets."""
    return Installed(secrets={"app_secrets": list(keys)})


def status(said: Said) -> dict[str, Any]:
    """Write a status as it stands in `statuses`."""
    element: dict[str, Any] = {
        "id": said.reference,
        "status": said.word,
        "timestamp": said.at,
        "recipient_id": RECIPIENT,
    }
    if said.tag is not None:
        element["biz_opaque_callback_data"] = said.tag
    if said.code is not None:
        element["errors"] = [{"code": said.code, "title": said.text, "message": said.text}]
    return element


def call(elements: Sequence[Any]) -> Call:
    """Put statuses and messages where Meta does."""
    is_message = [isinstance(element, dict) and "from" in element for element in elements]
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": NUMBER_ID},
        "statuses": [each for each, it in zip(elements, is_message, strict=True) if not it],
        "messages": [each for each, it in zip(elements, is_message, strict=True) if it],
    }
    change = {"field": "messages", "value": value}
    document = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "200000000000001", "changes": [change]}],
    }
    return json_call(document)


def message(kind: str, **parts: Any) -> dict[str, Any]:
    """Write a message of a recipient's."""
    head = {"from": RECIPIENT, "id": "wamid.IN", "timestamp": "1768824000", "type": kind}
    return {**head, **parts}


INBOUND = (
    Inbound(
        label="a text",
        element=message("text", text={"body": "Hello"}),
        sender=RECIPIENT_PHONE,
        text="Hello",
    ),
    Inbound(
        label="a picture",
        element=message("image", image={"id": "1", "mime_type": "image/jpeg", "caption": "Look"}),
        sender=RECIPIENT_PHONE,
        text="Look",
        content=InboundKind.MEDIA,
    ),
    Inbound(
        label="a button that was tapped",
        element=message(
            "interactive",
            interactive={"type": "button_reply", "button_reply": {"id": "yes", "title": "Yes"}},
        ),
        sender=RECIPIENT_PHONE,
        text="Yes",
        content=InboundKind.INTERACTIVE,
    ),
    Inbound(
        label="a kind of tomorrow",
        element=message("hologram", hologram={"id": "1"}),
        sender=RECIPIENT_PHONE,
        content=InboundKind.OTHER,
    ),
)


def error(code: int, http_status: int = 400, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with an error, whose prose repeats the number."""
    text = f"(#{code}) to {RECIPIENT_PHONE} failed"
    details = {"messaging_product": "whatsapp", "details": text}
    body = {"message": text, "type": "OAuthException", "code": code, "error_data": details}
    return json_answer(http_status, {"error": body}, headers)


SENDING = Sending(
    messages=(
        whatsapp(),
        whatsapp("to a user id", to="US.1234567890"),
        whatsapp("a file", content=RenderedWhatsApp(text="Look", media=media(kind="document"))),
        whatsapp(
            "a template",
            content=RenderedWhatsApp(
                template=Template(name="parcel", language="en-US", variables={"1": TEXT})
            ),
        ),
        whatsapp(
            "buttons",
            content=RenderedWhatsApp(text=TEXT, buttons=(Button(id="yes", title="Yes"),)),
        ),
        whatsapp("a place", content=RenderedWhatsApp(location=Location(latitude=1, longitude=2))),
    ),
    accepted=json_answer(
        200,
        {
            "messaging_product": "whatsapp",
            "contacts": [{"input": RECIPIENT, "wa_id": RECIPIENT}],
            "messages": [{"id": REFERENCE, "message_status": "accepted"}],
        },
    ),
    references=(REFERENCE,),
    errors=(
        *(
            Error(label=str(code), answer=error(code), failure_class=known)
            for code, known in FAILURE_CLASSES.items()
        ),
        Error(label="a permission", answer=error(299), failure_class=FailureClass.AUTH),
        Error(label="an unknown code", answer=error(7), failure_class=FailureClass.PERMANENT),
    ),
    throttled=error(130429, 429),
    broken=Error(label="131016", answer=error(131016, 500), failure_class=FailureClass.TRANSIENT),
)

WEBHOOKS = Webhooks(
    status=status,
    call=call,
    words={
        "sent": Status.SENT,
        "delivered": Status.DELIVERED,
        "read": Status.READ,
        "played": Status.READ,
        "failed": Status.FAILED,
        "deleted": Status.OTHER,
    },
    codes=FAILURE_CLASSES,
    failed="failed",
    times=EPOCH_TIMES,
    signing=Signing(
        keys=("first-secret", "second-secret", "secret-of-another"),
        sign=sign,
        install=install,
        signature=SIGNATURE,
        malformed=(b"sha1=" + b"0" * 40, b"sha256=", b"SHA256=" + b"0" * 64),
    ),
    inbound=INBOUND,
    batch=1_000,
)

SUBJECTS = (
    Subject(
        name="whatsapp_cloud",
        provider="whatsapp_cloud",
        channel="whatsapp",
        options={"phone_number_id": NUMBER_ID},
        secrets={
            "access_token": "token-of-the-account",
            "app_secrets": ["first-secret"],
            "verify_token": "token-of-the-console",
        },
        sending=SENDING,
        webhooks=WEBHOOKS,
    ),
)
