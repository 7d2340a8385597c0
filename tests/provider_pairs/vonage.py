"""SMS and WhatsApp by Vonage's Messages API: by an API key, and by an application's key."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from provider_pairs.pairs import Pair, Places

APPLICATION = "00000000-0000-4000-8000-00000000000a"
SECRET = "vonage-signature-secret-of-the-account"


def pairs(places: Places) -> list[Pair]:
    """Return an account for each channel."""
    private, public = _keys()
    by_key = {"api_key": "efgh5678"}
    by_application = {"application_id": APPLICATION}
    return [
        _pair(places, "sms", by_key, {"api_secret": "api-secret"}, {"api_secret": "api-secret"}),
        _pair(
            places,
            "whatsapp",
            {**by_application, "text_outside_window": "send"},
            {"private_key": private},
            {**by_application, "public_key": public},
        ),
    ]


def _pair(
    places: Places,
    channel: str,
    options: Mapping[str, Any],
    secrets: Mapping[str, Any],
    sandbox: Mapping[str, Any],
) -> Pair:
    name = f"vonage-messages-{channel}"
    return Pair(
        name=name,
        channel=channel,
        account={
            "provider": "vonage",
            "channel": channel,
            "base_url": f"{places.sandbox_url}/vonage",
            "rate": "1000/s",
            **options,
        },
        secrets={"signature_secrets": [SECRET], **secrets},
        part="vonage",
        sandbox={
            "api_key": options.get("api_key", ""),
            **sandbox,
            "signature_secret": SECRET,
            "webhook_url": f"{places.ingress_url}/webhooks/vonage/{name}",
        },
        sender="+15550001111",
    )


@cache
def _keys() -> tuple[str, str]:
    key = generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
