"""The webhooks of Vonage's Messages API: statuses and inbound messages, signed.

Source: Vonage, "Messages API, message status", "Inbound message" and "Webhooks, decoding signed
webhooks".
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jwt
from pydantic import SecretStr

from sandbox.behaviours import Failure, Status
from sandbox.settings import Section, Url
from sandbox.webhooks import Webhook, WebhookFactory

RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds; the real ones go on for a day
OUR_NUMBER = "15550001111"  # to which a recipient writes when no message says it
FAILURES: dict[str, dict[Failure, int | str]] = {
    "sms": {
        Failure.NOT_MOBILE: 1170,
        Failure.UNREACHABLE: 1260,
        Failure.UNKNOWN_RECIPIENT: 1190,
        Failure.OPTED_OUT: 1240,
        Failure.BAD_CREDENTIALS: "unauthorized",
    },
    "whatsapp": {
        Failure.NOT_ON_NETWORK: 1300,
        Failure.OPTED_OUT: 1240,
        Failure.OUTSIDE_WINDOW: 1340,
        Failure.BAD_CREDENTIALS: "unauthorized",
        Failure.BAD_MEDIA: 1380,
    },
}
TITLES: dict[int | str, str] = {
    1000: "Throttled",
    1010: "Missing params",
    1020: "Invalid params",
    1022: "Invalid template",
    1030: "Internal error",
    1170: "Invalid recipient",
    1190: "Absent Subscriber Permanent",
    1240: "Illegal Number",
    1241: "Too many send requests",
    1260: "Destination unreachable",
    1300: "Not part of the provider network",
    1340: "Outside of the allowed window",
    1380: "Invalid resource",
    1400: "Unsupported channel",
    1420: "Invalid sender",
    1430: "Invalid recipient",
    1440: "Invalid message type",
    1450: "Invalid client reference",
    "unauthorized": "You did not provide correct credentials.",
}
STATUSES: dict[str, dict[Status, str]] = {
    "sms": {
        Status.SENT: "submitted",
        Status.DELIVERED: "delivered",
        Status.FAILED: "undeliverable",
    },
    "whatsapp": {
        Status.SENT: "submitted",
        Status.DELIVERED: "delivered",
        Status.READ: "read",
        Status.FAILED: "rejected",
    },
}

Document = Mapping[str, Any]


class Application(Section):
    """An application; calls are signed with its private key, or carry the API key's secret."""

    application_id: str = ""
    public_key: str | None = None  # of its private key, PEM
    api_key: str = ""
    api_secret: SecretStr | None = None
    signature_secret: SecretStr  # signs webhooks
    webhook_url: Url


def status_document(
    message: Document, reference: str, status: Status, failure: Failure | None
) -> dict[str, Any]:
    """Return a status of a message."""
    channel = message["channel"]
    document: dict[str, Any] = {
        "message_uuid": reference,
        "to": message["to"],
        "from": message["from"],
        "timestamp": _now(),
        "status": STATUSES[channel][status],
        "channel": channel,
        "usage": {"currency": "EUR", "price": "0.0333"},
    }
    if "client_ref" in message:
        document["client_ref"] = message["client_ref"]
    if status is Status.FAILED and failure is not None:
        code = FAILURES[channel][failure]
        document["error"] = {
            "type": f"https://developer.vonage.com/api-errors/messages#{code}",
            "title": code,
            "detail": TITLES[code],
            "instance": uuid.uuid4().hex,
        }
    return document


def inbound_document(
    channel: str, sender: str, text: str, fields: Document | None = None
) -> dict[str, Any]:
    """Return a recipient's message; `fields` replace and add: `message_type`, `image` and such."""
    document: dict[str, Any] = {
        "channel": channel,
        "message_uuid": str(uuid.uuid4()),
        "to": OUR_NUMBER,
        "from": sender,
        "timestamp": _now(),
        "message_type": "text",
        "text": text,
    }
    if channel == "whatsapp":
        document["profile"] = {"name": "Ada"}
    return {**document, **(fields or {})}


def webhook(application: Application, url: str, document: Document) -> WebhookFactory:
    """Post a document, with a token of it that is made at the moment of the call."""
    body = json.dumps(document, separators=(",", ":")).encode()

    def make() -> Webhook:
        claims = {
            "iat": int(time.time()),
            "jti": str(uuid.uuid4()),
            "iss": "Vonage",
            "payload_hash": hashlib.sha256(body).hexdigest(),
            "api_key": application.api_key,
            "application_id": application.application_id,
        }
        secret = application.signature_secret.get_secret_value()
        token = jwt.encode(claims, secret, algorithm="HS256")
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        return Webhook(url=url, headers=headers, body=body, retries=RETRIES)

    return make


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
