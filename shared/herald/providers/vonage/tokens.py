"""How calls and webhooks of Vonage's Messages API prove who makes them.

Source: Vonage, "Authentication" and "Webhooks, decoding signed webhooks".
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from herald.providers.lenient_json import moment
from herald.providers.signed_tokens import claims_of, is_hash_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from herald.providers.vonage.account import VonageAccount, VonageSecrets

LIFETIME = timedelta(minutes=15)  # of a call's token
_BEARER = b"bearer "


def authorization(account: VonageAccount, secrets: VonageSecrets, now: datetime) -> str:
    """Return the header of a call: a token of the application's, or the API key with its secret."""
    if secrets.private_key is None:
        secret = "" if secrets.api_secret is None else secrets.api_secret.get_secret_value()
        pair = f"{account.api_key}:{secret}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    import jwt  # noqa: PLC0415  it brings cryptography along: an account without a key needs neither

    issued = int(now.timestamp())
    claims = {
        "application_id": account.application_id,
        "iat": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
        "jti": str(uuid.uuid4()),
    }
    key = _loaded(secrets.private_key.get_secret_value())
    return f"Bearer {jwt.encode(claims, key, algorithm='RS256')}"


@lru_cache(maxsize=16)
def _loaded(pem: str) -> RSAPrivateKey:
    """Read a key once: checking it takes longer than signing with it."""
    from herald.providers.vonage.account import private_key_of  # noqa: PLC0415  ingress signs nothing

    return private_key_of(pem)


def is_vonage_token(
    header: bytes | None, body: bytes, secrets: Iterable[bytes], now: datetime, window: timedelta
) -> bool:
    """Check the `Authorization` of a webhook: HS256 under a signature secret.

    It must be of this body, and of about `now`.
    """
    if header is None or header[: len(_BEARER)].lower() != _BEARER:
        return False
    claims = claims_of(
        header[len(_BEARER) :].strip(),
        secrets,
        algorithms=("HS256",),
        required=("iat", "payload_hash") if body else ("iat",),
    )
    if claims is None:
        return False
    issued = moment(claims["iat"])
    is_now = issued is not None and abs(now - issued) <= window
    return is_now and ("payload_hash" not in claims or is_hash_of(claims["payload_hash"], body))
