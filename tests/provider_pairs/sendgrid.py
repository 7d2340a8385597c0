"""An account at SendGrid, and the sandbox's side of it."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from provider_pairs.pairs import Pair, Places

API_KEY = "SG.sendgrid-api-key"
TOKEN = "sendgrid-inbound-token"
NAME = "sendgrid-email"
_KEY = generate_private_key(SECP256R1())
_PRIVATE = _KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
_PUBLIC = _KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def pairs(places: Places) -> list[Pair]:
    """Return the one account."""
    return [
        Pair(
            name=NAME,
            channel="email",
            account={
                "provider": "sendgrid",
                "base_url": f"{places.sandbox_url}/sendgrid",
                "webhook_public_keys": [base64.b64encode(_PUBLIC).decode()],
            },
            secrets={"api_key": API_KEY, "inbound_tokens": [TOKEN]},
            part="sendgrid",
            sandbox={
                "api_key": API_KEY,
                "private_key": base64.b64encode(_PRIVATE).decode(),
                "webhook_url": f"{places.ingress_url}/webhooks/sendgrid/{NAME}",
                "inbound_token": TOKEN,
            },
            sender="Herald <no-reply@example.com>",
        )
    ]
