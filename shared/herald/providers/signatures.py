"""Signature schemes: pure functions of what was sent, what was claimed and the secrets.

All fail closed: whatever is missing, malformed or strange is "not authentic", never an exception.
Several secrets allow rotation: one that fits is enough.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

_SHA256_PREFIX = b"sha256="
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_ECDSA = ECDSA(SHA256())

Fields = Sequence[tuple[str, str]]  # decoded; latin-1, one character for each byte sent


def is_meta_signature(header: bytes | None, body: bytes, secrets: Iterable[bytes]) -> bool:
    """Check `X-Hub-Signature-256`: hex HMAC-SHA256 of the raw body under the app secret.

    Meta: "Validate payloads". The body must be the bytes as they came: Meta escapes non-ASCII text
    and signs it so, and no serialiser gives the same bytes again.
    """
    if header is None or not header.startswith(_SHA256_PREFIX):
        return False
    claimed = header[len(_SHA256_PREFIX) :]
    return _any_equal(
        claimed, (hmac.digest(key, body, "sha256").hex().encode() for key in secrets if key)
    )


def is_twilio_signature(
    header: bytes | None, url: str, fields: Fields, secrets: Iterable[bytes]
) -> bool:
    """Check `X-Twilio-Signature`: base64 HMAC-SHA1 of the URL and the form's fields.

    Twilio: "Webhooks security". `url` is the public one, query included, as Twilio called it;
    `fields` is empty for GET and for JSON bodies, which `is_twilio_body_hash` checks.
    """
    if header is None:
        return False
    try:
        tail = _signed_fields(fields)
        messages = [variant.encode("latin-1") + tail for variant in _port_variants(url)]
    except UnicodeEncodeError:  # not what a request can hold
        return False
    return _any_equal(
        header,
        (
            base64.b64encode(hmac.digest(key, message, "sha1"))
            for key in secrets
            if key
            for message in messages
        ),
    )


def is_twilio_body_hash(claimed: str, body: bytes) -> bool:
    """Check the `bodySHA256` of a signed URL's query: lower-case hex SHA-256 of the raw body.

    It is the only thing that binds a JSON body to the signature.
    """
    expected = hashlib.sha256(body).hexdigest().encode()
    return hmac.compare_digest(expected, claimed.encode("utf-8", "surrogatepass"))


def is_sendgrid_signature(
    signature: bytes | None,
    timestamp: bytes | None,
    body: bytes,
    keys: Iterable[EllipticCurvePublicKey],
) -> bool:
    """Check the signed event webhook: base64 DER ECDSA P-256 over timestamp and raw body.

    SendGrid: "Event Webhook security features". The body's closing line break is part of it. No
    age is enforced: SendGrid repeats events for a day, and repeats are harmless. The timestamp is
    digits alone: the signature does not say where it ends and the body begins.
    """
    if signature is None or timestamp is None or not timestamp.isdigit():
        return False
    try:
        der = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return any(_verifies(key, der, timestamp + body) for key in keys)


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


def _any_equal(claimed: bytes, expected: Iterable[bytes]) -> bool:
    """Compare with every candidate, in constant time each: on bytes, for `str` may raise."""
    found = False
    for candidate in expected:
        found |= hmac.compare_digest(candidate, claimed)
    return found


def _signed_fields(fields: Fields) -> bytes:
    """Join fields as Twilio does: sorted by name, a repeated name's distinct values sorted."""
    return "".join(name + value for name, value in sorted(set(fields))).encode("latin-1")


def _port_variants(url: str) -> list[str]:
    """Return the URL as given, without its port, and with the scheme's own.

    Twilio signs sometimes one, sometimes the other, whatever was called.
    """
    scheme, _, rest = url.partition("://")
    end = min((i for i in map(rest.find, "/?#") if i >= 0), default=len(rest))
    authority, target = rest[:end], rest[end:]
    host, colon, port = authority.rpartition(":")
    if not (colon and port.isdigit()):  # an IPv6 address has colons and no port
        host, port = authority, _DEFAULT_PORTS.get(scheme, "")
    with_port = f"{host}:{port}" if port else host
    places = dict.fromkeys((authority, host, with_port))
    return [f"{scheme}://{place}{target}" for place in places]


def _verifies(key: EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message, _ECDSA)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True
