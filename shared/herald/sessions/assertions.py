"""Signed assertions by which a service account asks for a token (RFC 7523). Pure.

Claims as Google asks for them: `iss`, `scope`, `aud`, `sub`, `iat`, `exp` (an hour at most).
Source: developers.google.com/identity/protocols/oauth2/service-account
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic_core import to_json

from herald.providers.oauth import KeyUnusableError

LIFETIME_SECONDS = 600
EARLIER_SECONDS = 30  # `iat` lies so far back: the endpoint's clock may be behind ours
_P256_BYTES = 32


def signed_assertion(
    claims: dict[str, Any], private_key: str, now: datetime, key_id: str | None = None
) -> str:
    """Sign claims as a JWT that is valid for ten minutes: RS256, or ES256 with a P-256 key.

    Raises:
        KeyUnusableError: the key is none of the two.
    """
    key = _load(private_key)
    header = {"alg": "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256", "typ": "JWT"}
    if key_id is not None:
        header["kid"] = key_id
    seconds = int(now.timestamp())
    times = {"iat": seconds - EARLIER_SECONDS, "exp": seconds + LIFETIME_SECONDS}
    signed = b".".join(_url_safe(to_json(part)) for part in (header, {**claims, **times}))
    return b".".join((signed, _url_safe(_sign(key, signed)))).decode()


def _load(private_key: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnusableError("private_key: not a PEM key without a passphrase") from None
    is_p256 = isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)
    if isinstance(key, rsa.RSAPrivateKey) or is_p256:
        return key  # type: ignore[return-value]  # one of the two
    raise KeyUnusableError("private_key: must be RSA or P-256")


def _sign(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, signed: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(signed, padding.PKCS1v15(), SHA256())
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(SHA256())))
    return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")


def _url_safe(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
