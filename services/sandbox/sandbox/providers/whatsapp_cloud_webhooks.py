"""WhatsApp Cloud API's webhooks: statuses and inbound messages, signed.

Source: Meta, "Webhooks reference" and "Webhooks, validating payloads".
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from typing import Any

from pydantic import SecretStr

from sandbox.behaviours import Failure, Status
from sandbox.settings import Section, Url
from sandbox.webhooks import Webhook, WebhookFactory

# Meta retries for days, waiting longer each time, until it gets 200; here for seconds.
RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
FINAL = frozenset({200})

FAILURES: dict[Failure, int] = {
    Failure.NOT_ON_NETWORK: 131026,
    Failure.OPTED_OUT: 131050,
    Failure.OUTSIDE_WINDOW: 131047,
    Failure.BAD_CREDENTIALS: 190,
    Failure.BAD_MEDIA: 131014,
}

# What the API says beside a code; a code without a row is described as a bad parameter.
TITLES: dict[int, str] = {
    100: "Invalid parameter",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131014: "Request for url failed",
    131026: "Message undeliverable",
    131047: "Re-engagement message",
    131050: "User has stopped marketing messages from your business",
    190: "Access token has expired",
    80007: "Rate limit issues",
    130429: "Rate limit hit",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    131000: "Something went wrong",
    132001: "Template name does not exist in the translation",
    132012: "Parameter format does not match format in the created template",
    132018: "Template parameters are not valid",
}


class WhatsAppNumber(Section):
    """A phone number on the Cloud API."""

    phone_number_id: str
    waba_id: str
    display_phone_number: str
    access_token: SecretStr
    app_secret: SecretStr
    webhook_url: Url


def body_of(document: Any) -> bytes:
    """Write JSON as Meta does: everything outside ASCII escaped, and the slash too."""
    return json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode()


def signature(secret: str, body: bytes) -> str:
    """Sign a body: the value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def status_webhook(
    number: WhatsAppNumber,
    to: str,
    attempt: str | None,
    reference: str,
    status: Status,
    failure: Failure | None,
) -> WebhookFactory:
    """Report a status; `attempt` is what the request had as biz_opaque_callback_data."""
    element: dict[str, Any] = {
        "id": reference,
        "status": status.value,
        "timestamp": str(int(time.time())),
        "recipient_id": to,
        "pricing": {"billable": True, "pricing_model": "PMP", "category": "utility"},
    }
    if attempt is not None:
        element["biz_opaque_callback_data"] = attempt
    if status is Status.FAILED and failure is not None:
        code = FAILURES[failure]
        title = TITLES[code]
        element["errors"] = [
            {"code": code, "title": title, "message": title, "error_data": {"details": title}}
        ]
    return _webhook(number, {"statuses": [element]})


def inbound_webhook(number: WhatsAppNumber, sender: str, message: dict[str, Any]) -> WebhookFactory:
    """Pass on a recipient's message; `message` has its type and content."""
    element = {
        "from": sender,
        "id": f"wamid.{uuid.uuid4().hex}",
        "timestamp": str(int(time.time())),
        **message,
    }
    contact = {"profile": {"name": "Ada"}, "wa_id": sender}
    return _webhook(number, {"contacts": [contact], "messages": [element]})


def _webhook(number: WhatsAppNumber, value: dict[str, Any]) -> WebhookFactory:
    document = {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": number.waba_id,
                "changes": [
                    {
                        "field": "messages",
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": {
                                "display_phone_number": number.display_phone_number,
                                "phone_number_id": number.phone_number_id,
                            },
                            **value,
                        },
                    }
                ],
            }
        ],
    }

    def make() -> Webhook:
        body = body_of(document)
        signed = signature(number.app_secret.get_secret_value(), body)
        return Webhook(
            url=number.webhook_url,
            headers={"Content-Type": "application/json", "X-Hub-Signature-256": signed},
            body=body,
            retries=RETRIES,
            final_statuses=FINAL,
        )

    return make
