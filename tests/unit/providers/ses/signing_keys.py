"""Keys and certificates as SNS has them, and what it signs with them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from herald.providers.ses.certificates import Certificates, Fetched
from herald.providers.ses.sns import read_envelope

TOPIC = "arn:aws:sns:us-east-1:123456789012:ses-events"
CERTIFICATE_URL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-abc123.pem"
NOW = datetime(2026, 1, 19, 12, 0, tzinfo=UTC)


@cache
def private_key(name: str = "ours") -> RSAPrivateKey:
    """Make a key, once a name."""
    return generate_private_key(65537, 2048)


def certificate(
    key: RSAPrivateKey,
    begin: datetime = NOW - timedelta(days=1),
    end: datetime = NOW + timedelta(days=1),
) -> bytes:
    """Make a certificate that its own key signs, as PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(end)
        .sign(key, SHA256())
    )
    return built.public_bytes(Encoding.PEM)


def signed(
    fields: dict[str, str], key: RSAPrivateKey | None = None, version: str = "2"
) -> dict[str, str]:
    """Sign an envelope."""
    whole = {"SigningCertURL": CERTIFICATE_URL, "SignatureVersion": version, **fields}
    envelope = read_envelope(whole)
    assert envelope is not None
    algorithm = SHA1() if version == "1" else SHA256()  # noqa: S303  SNS's own
    signature = (key or private_key()).sign(envelope.canonical, PKCS1v15(), algorithm)
    return {**whole, "Signature": base64.b64encode(signature).decode()}


def notification(message: Any = "x", **fields: str) -> dict[str, str]:
    """Write an envelope with a message in it, not yet signed."""
    text = message if isinstance(message, str) else json.dumps(message) + "\n"
    return {
        "Type": "Notification",
        "MessageId": "19ba9823-d7f2-53c1-860e-cb10e0d13dfc",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": text,
        "Timestamp": "2026-01-19T12:00:02.000Z",
        **fields,
    }


def subscription(kind: str = "SubscriptionConfirmation", **fields: str) -> dict[str, str]:
    """Write the envelope that asks for a confirmation, not yet signed."""
    return {
        "Type": kind,
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92",
        "TopicArn": TOPIC,
        "Message": f"You have chosen to subscribe to the topic {TOPIC}.",
        "SubscribeURL": "https://evil.example.com/?Action=ConfirmSubscription",
        "Timestamp": "2026-01-19T12:00:02.000Z",
        **fields,
    }


class Web:
    """What is at each URL; keeps what was asked for."""

    def __init__(self, **pages: Fetched) -> None:
        self.pages = {CERTIFICATE_URL: Fetched(200, certificate(private_key())), **pages}
        self.asked: list[str] = []

    async def __call__(self, url: str) -> Fetched:
        self.asked.append(url)
        return self.pages.get(url, Fetched(404, b""))


def certificates(web: Web | None = None, **parts: Any) -> Certificates:
    """Make certificates that ask no network."""
    return Certificates(web or Web(), **{"now": lambda: NOW, **parts})
