"""Twilio's webhooks: status callbacks and inbound messages, over SMS and WhatsApp, signed.

Source: Twilio, "Twilio's request to your incoming message Webhook URL", "Track outbound message
status", "Webhooks security" and "Error and Warning Dictionary". WhatsApp's own fields are those of
recorded requests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from sandbox.behaviours import Failure, Status
from sandbox.providers.twilio_overrides import PAUSES, overrides_of
from sandbox.settings import Section, Url
from sandbox.webhooks import Webhook, WebhookFactory

API_VERSION = "2010-04-01"
WHATSAPP_PREFIX = "whatsapp:"
OUR_NUMBER = "+15550001111"  # to which a recipient writes when no message says it
KEYWORDS = frozenset({"STOP", "START", "HELP"})

FAILURES: dict[str, dict[Failure, int]] = {
    "sms": {
        Failure.NOT_MOBILE: 21614,
        Failure.UNREACHABLE: 30003,
        Failure.UNKNOWN_RECIPIENT: 30005,
        Failure.OPTED_OUT: 21610,
        Failure.BAD_CREDENTIALS: 20003,
    },
    "whatsapp": {
        Failure.NOT_ON_NETWORK: 63024,
        Failure.OPTED_OUT: 21610,
        Failure.OUTSIDE_WINDOW: 63016,
        Failure.BAD_CREDENTIALS: 20003,
        Failure.BAD_MEDIA: 63019,
    },
}
STATUSES: dict[str, dict[Status, str]] = {
    "sms": {
        Status.SENT: "sent",
        Status.DELIVERED: "delivered",
        Status.FAILED: "undelivered",  # by the carrier
    },
    "whatsapp": {
        Status.SENT: "sent",
        Status.DELIVERED: "delivered",
        Status.READ: "read",
        Status.FAILED: "failed",
    },
}

Form = dict[str, str]


class TwilioProject(Section):
    """A Twilio account; status callbacks go where each request says."""

    account_sid: str
    auth_token: SecretStr
    inbound_url: Url


@dataclass(frozen=True, slots=True)
class Message:
    """A message as its callbacks name it; addresses as the API takes them."""

    reference: str
    channel: str
    to: str
    sender: str


def channel_of(address: str) -> str:
    """Return the channel of an address as the API takes it: `whatsapp:+1555...` or a number."""
    return "whatsapp" if address.startswith(WHATSAPP_PREFIX) else "sms"


def status_form(
    project: TwilioProject, message: Message, status: Status, failure: Failure | None
) -> Form:
    """Return the fields of a status callback."""
    word = STATUSES[message.channel][status]
    form = {
        "MessageSid": message.reference,
        "SmsSid": message.reference,
        "MessageStatus": word,
        "SmsStatus": word,
        "To": message.to,
        "From": message.sender,
        "AccountSid": project.account_sid,
        "ApiVersion": API_VERSION,
    }
    if message.channel == "whatsapp":
        form["ChannelPrefix"] = "whatsapp"
        form["ChannelInstallSid"] = f"XE{'0' * 32}"
        form["ChannelToAddress"] = message.to.removeprefix(WHATSAPP_PREFIX)
        if status in {Status.DELIVERED, Status.READ}:
            form["EventType"] = word.upper()
    if status is Status.FAILED and failure is not None:
        form["ErrorCode"] = str(FAILURES[message.channel][failure])
    return form


def inbound_form(
    project: TwilioProject, sender: str, to: str, text: str, fields: dict[str, Any] | None = None
) -> Form:
    """Return the fields of a recipient's message; addresses as the API takes them.

    `fields` replace and add: `ButtonText`, `Latitude`, `MediaUrl0` and the like.
    """
    fields = {name: str(value) for name, value in (fields or {}).items()}
    reference = f"{'MM' if 'MediaUrl0' in fields else 'SM'}{uuid.uuid4().hex}"
    form = {
        "MessageSid": reference,
        "SmsSid": reference,
        "SmsMessageSid": reference,
        "SmsStatus": "received",
        "AccountSid": project.account_sid,
        "From": sender,
        "To": to,
        "Body": text,
        "NumMedia": str(sum(name.startswith("MediaUrl") for name in fields)),
        "NumSegments": "1",
        "ApiVersion": API_VERSION,
    }
    if channel_of(sender) == "whatsapp":
        form["ProfileName"] = "Ada"
        form["WaId"] = sender.removeprefix(f"{WHATSAPP_PREFIX}+")
        form["MessageType"] = _type(fields)
        form["ReferralNumMedia"] = "0"
    else:
        form["FromCountry"] = "US"
        if text.strip().upper() in KEYWORDS:
            form["OptOutType"] = text.strip().upper()
    return {**form, **fields}


def _type(fields: Form) -> str:
    if "Latitude" in fields:
        return "location"
    if "ButtonText" in fields:
        return "button"
    if "ListId" in fields:
        return "interactive"
    return fields.get("MediaContentType0", "text").partition("/")[0]


def signature(token: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """Sign a form post: the value of X-Twilio-Signature."""
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def signed(
    project: TwilioProject, url: str, form: Form, pauses: tuple[float, ...] = PAUSES
) -> WebhookFactory:
    """Post a form to a URL; its fragment says how often Twilio tries."""
    token = str(uuid.uuid4())  # names the event: the same in every copy and retry
    called, _, fragment = url.partition("#")
    overrides = overrides_of(fragment, pauses)

    def make() -> Webhook:
        return Webhook(
            url=called,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Twilio-Signature": signature(
                    project.auth_token.get_secret_value(), called, form.items()
                ),
                "I-Twilio-Idempotency-Token": token,
            },
            body=urlencode(form).encode(),
            retries=overrides.retries,
            final_statuses=overrides.final_statuses,
        )

    return make
