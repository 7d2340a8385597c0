"""MessageBird's webhooks: reports by GET, inbound messages by POST, signed.

Source: MessageBird, "SMS API" and "Verifying requests".
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import jwt
from pydantic import SecretStr

from sandbox.behaviours import Failure, Status
from sandbox.settings import Section, Url
from sandbox.webhooks import Webhook, WebhookFactory

RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds; the real ones are not documented
LIFETIME = 60  # of a token, in seconds
OUR_NUMBER = "15550001111"  # to which a recipient writes when no message says it
STATUSES: dict[Status, str] = {
    Status.SENT: "buffered",
    Status.DELIVERED: "delivered",
    Status.FAILED: "delivery_failed",
}
CODES: dict[Failure, tuple[int, str]] = {
    Failure.UNREACHABLE: (27, "unavailable subscriber"),
    Failure.UNKNOWN_RECIPIENT: (1, "unknown subscriber"),
    Failure.OPTED_OUT: (103, "opted out"),
}
REPORTED: dict[Failure, str] = {failure: f"report {code}" for failure, (code, _) in CODES.items()}

Fields = dict[str, str]


class MessageBirdKey(Section):
    """An account; reports go where each message says, or to the same URL as messages."""

    access_key: SecretStr
    signing_key: SecretStr  # signs webhooks
    webhook_url: Url


def report_fields(
    document: Mapping[str, Any], reference: str, status: Status, failure: Failure | None
) -> Fields:
    """Return the fields of a report."""
    fields = {
        "id": reference,
        "recipient": document["recipients"][0],
        "status": STATUSES[status],
        "statusDatetime": datetime.now(UTC).isoformat(timespec="seconds"),
        "mccmnc": "31026",
        "ported": "0",
        "messageLength": str(len(document["body"])),
        "messagePartCount": "1",
        "datacoding": document.get("datacoding", "plain"),
        "price[amount]": "0.05",
        "price[currency]": "EUR",
    }
    if document.get("reference"):
        fields["reference"] = document["reference"]
    if failure in CODES and status is Status.FAILED:
        code, reason = CODES[failure]
        fields |= {"statusErrorCode": str(code), "statusReason": reason}
    return fields


def inbound_fields(sender: str, text: str, to: str = OUR_NUMBER) -> Fields:
    """Return the fields of a recipient's message."""
    return {
        "id": uuid.uuid4().hex,
        "recipient": to,
        "originator": sender,
        "body": text,
        "createdDatetime": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def reported(key: MessageBirdKey, url: str, fields: Fields) -> WebhookFactory:
    """Get a URL with a report's fields."""
    query = urlencode(fields, safe=":")  # as it travels: the signature is of its very bytes
    called = f"{url}{'&' if '?' in url else '?'}{query}"

    def make() -> Webhook:
        return Webhook(
            url=called, headers=_signed(key, called, b""), body=b"", method="GET", retries=RETRIES
        )

    return make


def posted(key: MessageBirdKey, fields: Fields) -> WebhookFactory:
    """Post the form of a recipient's message."""
    body = urlencode(fields).encode()

    def make() -> Webhook:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        headers = {**form, **_signed(key, key.webhook_url, body)}
        return Webhook(url=key.webhook_url, headers=headers, body=body, retries=RETRIES)

    return make


def _signed(key: MessageBirdKey, url: str, body: bytes) -> dict[str, str]:
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": "MessageBird",
        "nbf": now,
        "exp": now + LIFETIME,
        "jti": str(uuid.uuid4()),
        "url_hash": hashlib.sha256(url.encode()).hexdigest(),
    }
    if body:
        claims["payload_hash"] = hashlib.sha256(body).hexdigest()
    token = jwt.encode(claims, key.signing_key.get_secret_value(), algorithm="HS256")
    return {"MessageBird-Signature-JWT": token}
