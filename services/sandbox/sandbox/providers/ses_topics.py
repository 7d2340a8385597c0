"""An SNS topic: its subscription, its certificate, and what it signs.

Source: SNS, "Parsing message formats", "Verifying the signatures of Amazon SNS messages".
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from sandbox.settings import Section, Url
from sandbox.webhooks import Webhook, WebhookFactory

RETRIES = (0.5, 1.0, 2.0)  # seconds; the real ones are 20 apart
KEY_BITS = 2048
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}


class SesUser(Section):
    """An account, and the topic that its events go to; `own_url`: where Herald finds SNS here.

    Without `confirmed` events come only once the subscription is confirmed.
    """

    access_key_id: SecretStr
    secret_access_key: SecretStr
    region: str
    topic: str
    webhook_url: Url
    own_url: Url
    confirmed: bool = True


class Topic:
    """The topic of one account; its key is made when it is needed first."""

    def __init__(self, user: SesUser) -> None:
        self.user = user
        self.is_confirmed = user.confirmed
        self._token: str | None = None

    @cached_property
    def certificate(self) -> bytes:
        """Its certificate, which its own key signs, as PEM."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365))
            .sign(self._key, SHA256())
        )
        return built.public_bytes(Encoding.PEM)

    @cached_property
    def certificate_name(self) -> str:
        """How its certificate is called: another key has another name."""
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"SimpleNotificationService-{hashlib.sha256(der).hexdigest()[:32]}"

    @cached_property
    def _key(self) -> RSAPrivateKey:
        return generate_private_key(65537, KEY_BITS)

    def reset(self) -> None:
        """Be subscribed to as configured."""
        self.is_confirmed, self._token = self.user.confirmed, None

    def confirm(self, action: str | None, topic: str | None, token: str | None) -> bool:
        """Confirm the subscription that a token was sent for."""
        is_asked = action == "ConfirmSubscription" and topic == self.user.topic
        if is_asked and token is not None and token == self._token:
            self.is_confirmed = True
            return True
        return False

    def subscription(self) -> WebhookFactory:
        """Ask the webhook to confirm a new subscription."""
        self.is_confirmed, self._token = False, secrets.token_hex(48)
        query = f"Action=ConfirmSubscription&TopicArn={self.user.topic}&Token={self._token}"
        fields = {
            "Message": f"You have chosen to subscribe to the topic {self.user.topic}.",
            "Token": self._token,
            "SubscribeURL": f"{self.user.own_url}/?{query}",
        }
        webhook = self._webhook("SubscriptionConfirmation", fields)
        return lambda: webhook

    def notification(self, event: dict[str, Any]) -> WebhookFactory:
        """Send an event, once somebody has confirmed the subscription."""
        subject = "Amazon SES Email Event Notification"
        fields = {"Subject": subject, "Message": json.dumps(event) + "\n"}
        webhook: Webhook | None = None

        def make() -> Webhook | None:
            nonlocal webhook  # a retry is the same message
            if webhook is None and self.is_confirmed:
                webhook = self._webhook("Notification", fields)
            return webhook

        return make

    def _webhook(self, kind: str, fields: dict[str, str]) -> Webhook:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said = {
            "Type": kind,
            "MessageId": str(uuid.uuid4()),
            "TopicArn": self.user.topic,
            "Timestamp": now,
            **fields,
        }
        text = "".join(f"{name}\n{said[name]}\n" for name in _SIGNED[kind])
        signature = self._key.sign(text.encode(), PKCS1v15(), SHA256())
        proof = {
            "SignatureVersion": "2",
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": f"{self.user.own_url}/{self.certificate_name}.pem",
        }
        return Webhook(
            url=self.user.webhook_url,
            headers={
                "Content-Type": "text/plain; charset=UTF-8",
                "x-amz-sns-message-type": kind,
                "x-amz-sns-message-id": said["MessageId"],
                "x-amz-sns-topic-arn": self.user.topic,
            },
            body=json.dumps(said | proof).encode(),
            retries=RETRIES,
        )
