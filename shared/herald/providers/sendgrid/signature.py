"""How SendGrid signs its webhooks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from functools import cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

_ECDSA = ECDSA(SHA256())


def is_sendgrid_signature(
    signature: bytes | None,
    timestamp: bytes | None,
    body: bytes,
    keys: Collection[EllipticCurvePublicKey],
) -> bool:
    """Check the signed event webhook: base64 DER ECDSA P-256 over timestamp and raw body.

    SendGrid: "Event Webhook security features". The body's closing line break is part of it. No
    age is enforced: SendGrid repeats events for a day, and repeats are harmless. The timestamp is
    digits alone: the signature does not say where it ends and the body begins. Without keys it
    takes as long, and is nobody's.
    """
    if signature is None or timestamp is None or not timestamp.isdigit():
        return False
    try:
        der = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return any(_verifies(key, der, timestamp + body) for key in keys or (_nobodys_key(),))


def load_sendgrid_key(encoded: str) -> EllipticCurvePublicKey:
    """Read a verification key as SendGrid's console shows it: base64 of SPKI DER, P-256.

    Raises:
        ValueError: it is not one.
    """
    try:
        key = load_der_public_key(base64.b64decode(encoded, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("not a base64 SPKI DER public key") from None
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise ValueError("not a P-256 public key")


@cache
def _nobodys_key() -> EllipticCurvePublicKey:
    return generate_private_key(SECP256R1()).public_key()


def _verifies(key: EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message, _ECDSA)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True
