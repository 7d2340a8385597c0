"""An account at Vonage's Messages API, and its keys."""

from __future__ import annotations

from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from herald.providers.vonage.account import VonageAccount

APPLICATION = "00000000-0000-4000-8000-00000000000a"


@cache
def private_key() -> RSAPrivateKey:
    """Make an application's key, once."""
    return generate_private_key(65537, 2048)


@cache
def pem() -> str:
    """Write it as a secrets file holds it."""
    written = private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return written.decode()


def public_pem() -> str:
    """Write its public half, as Vonage keeps it."""
    public = private_key().public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def account(**options: Any) -> VonageAccount:
    """Make an account for SMS, of an application."""
    return VonageAccount.model_validate(
        {"provider": "vonage", "application_id": APPLICATION, **options}
    )
