"""The webhooks of Vonage's SMS API: delivery receipts and inbound messages.

Source: Vonage, "Delivery receipts", "Inbound SMS" and "Signing messages".
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlencode

from pydantic import SecretStr

from sandbox.behaviours import Failure, Status
from sandbox.settings import Section, Url
from sandbox.webhooks import Webhook, WebhookFactory

RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds; the real ones go on for a day
OUR_NUMBER = "15550001111"  # to which a recipient writes when no message says it
STATUSES: dict[Status, str] = {
    Status.SENT: "buffered",
    Status.DELIVERED: "delivered",
    Status.FAILED: "failed",
}
RECEIPT_CODES: dict[Failure, int] = {
    Failure.UNREACHABLE: 12,
    Failure.UNKNOWN_RECIPIENT: 3,
    Failure.OPTED_OUT: 9,
}

Fields = dict[str, str]


class VonageKey(Section):
    """An API key. With a signature secret its webhooks are signed; receipts go where calls say."""

    api_key: str
    api_secret: SecretStr
    signature_secret: SecretStr | None = None
    signature_method: Literal["md5hash", "md5", "sha1", "sha256", "sha512"] = "sha256"
    webhook_method: Literal["GET", "POST", "POST-JSON"] = "POST"
    webhook_url: Url


def signature(key: VonageKey, fields: Fields) -> str:
    """Sign fields: `sig`, in lower case."""
    if key.signature_secret is None:
        return ""
    parts = (
        f"&{name}={fields[name].replace('&', '_').replace('=', '_')}"
        for name in sorted(fields)
        if name != "sig"
    )
    text, secret = "".join(parts).encode(), key.signature_secret.get_secret_value().encode()
    if key.signature_method == "md5hash":
        return hashlib.md5(text + secret, usedforsecurity=False).hexdigest()
    return hmac.new(secret, text, key.signature_method).hexdigest()


def receipt_fields(
    key: VonageKey, form: Fields, part: str, status: Status, failure: Failure | None
) -> Fields:
    """Return the fields of a delivery receipt."""
    now = datetime.now(UTC)
    return {
        "msisdn": form["to"],
        "to": form["from"],
        "network-code": "12345",
        "messageId": part,
        "price": "0.03330000",
        "status": STATUSES[status],
        "scts": f"{now:%y%m%d%H%M}",
        "err-code": str(RECEIPT_CODES[failure]) if failure in RECEIPT_CODES else "0",
        "api-key": key.api_key,
        "message-timestamp": f"{now:%Y-%m-%d %H:%M:%S}",
        **({"client-ref": form["client-ref"]} if "client-ref" in form else {}),
    }


def inbound_fields(key: VonageKey, sender: str, text: str, to: str = OUR_NUMBER) -> Fields:
    """Return the fields of a recipient's message."""
    return {
        "msisdn": sender,
        "to": to,
        "messageId": uuid.uuid4().hex[:16].upper(),
        "text": text,
        "type": "text" if text.isascii() else "unicode",
        "keyword": (text.split() or [""])[0].upper(),
        "api-key": key.api_key,
        "message-timestamp": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
    }


def webhook(key: VonageKey, url: str, fields: Fields) -> WebhookFactory:
    """Call a URL with fields, signed at the moment of the call."""

    def make() -> Webhook:
        sent = dict(fields)
        if key.signature_secret is not None:
            sent |= {"timestamp": str(int(time.time())), "nonce": uuid.uuid4().hex}
            sent["sig"] = signature(key, sent).upper()
        if key.webhook_method == "GET":
            called = f"{url}{'&' if '?' in url else '?'}{urlencode(sent)}"
            return Webhook(url=called, headers={}, body=b"", method="GET", retries=RETRIES)
        if key.webhook_method == "POST-JSON":
            headers = {"Content-Type": "application/json"}
            return Webhook(
                url=url, headers=headers, body=json.dumps(sent).encode(), retries=RETRIES
            )
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Webhook(url=url, headers=headers, body=urlencode(sent).encode(), retries=RETRIES)

    return make
