"""How each provider signs its webhooks. Pure.

Sources: Meta, "Webhooks, validating payloads"; Twilio, "Webhooks security"; SendGrid, "Event
Webhook security features".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key


def meta_body(document: Any) -> bytes:
    """Write JSON as Meta does: everything outside ASCII escaped, and the slash too."""
    return json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode()


def meta_signature(secret: str, body: bytes) -> str:
    """Sign a body: the value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def twilio_signature(token: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """Sign a form post: the value of X-Twilio-Signature."""
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class SendGridSigner:
    """Signs event webhooks with an account's key."""

    def __init__(self, private_key: str) -> None:
        key = load_der_private_key(base64.b64decode(private_key), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("private_key is no elliptic curve key")
        if not isinstance(key.curve, ec.SECP256R1):
            raise TypeError("private_key is on another curve than P-256")
        self._key = key

    def sign(self, timestamp: str, body: bytes) -> str:
        """Sign timestamp and body: the value of X-Twilio-Email-Event-Webhook-Signature."""
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return base64.b64encode(signature).decode()
