"""Tokens (JWT, RFC 7519) with which providers sign their webhooks. Pure.

Their times are the caller's to check, by the moment that a request came.
"""

from __future__ import annotations

import hashlib
import hmac
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# how long a key is, its provider decides
warnings.filterwarnings("ignore", message="The HMAC key is", module="jwt")
LONGEST_TOKEN = 8 * 1024  # bytes; no provider's has a tenth of that


def claims_of(
    token: bytes | None,
    keys: Iterable[bytes],
    *,
    algorithms: Sequence[str],
    required: Sequence[str],
) -> Mapping[str, Any] | None:
    """Return what a token claims, if one of `keys` signed it; None: it is not authentic.

    `algorithms`: those that the provider signs with, whatever the token says of itself.
    `required`: the claims without which it proves nothing.
    """
    if token is None or len(token) > LONGEST_TOKEN:
        return None
    for key in keys:
        if key:
            claims = _claims(token, key, algorithms, required)
            if claims is not None:
                return claims
    return None


def _claims(
    token: bytes, key: bytes, algorithms: Sequence[str], required: Sequence[str]
) -> Mapping[str, Any] | None:
    import jwt  # noqa: PLC0415  it brings cryptography along, and few accounts have such tokens

    try:
        found: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[*algorithms],
            options={
                "require": [*required],
                # looked at by the caller: the library would read the clock, and know no window
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_aud": False,
                "verify_iss": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except Exception:  # noqa: BLE001  anybody may have written it: what can't be read proves nothing
        return None
    return found


def is_hash_of(claimed: Any, content: bytes) -> bool:
    """Say whether a claim is the SHA-256 of bytes, as hexadecimal digits in either case."""
    if not isinstance(claimed, str):
        return False
    expected = hashlib.sha256(content).hexdigest().encode()
    return hmac.compare_digest(expected, claimed.lower().encode("utf-8", "surrogatepass"))
