"""How MessageBird signs its webhooks. MessageBird: "Verifying requests"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from herald.providers.lenient_json import moment
from herald.providers.signed_tokens import claims_of, is_hash_of

ALGORITHMS = ("HS256", "HS384", "HS512")
ISSUER = "MessageBird"
LEEWAY = timedelta(seconds=1)  # between its clock and ours


def is_messagebird_token(
    header: bytes | None, url: str, body: bytes, keys: Iterable[bytes], now: datetime
) -> bool:
    """Check `MessageBird-Signature-JWT`: a token of this URL and this body, good for a minute.

    `url` is the public one, query included, as MessageBird called it.
    """
    required = ("iss", "nbf", "exp", "url_hash")
    claims = claims_of(header, keys, algorithms=ALGORITHMS, required=required)
    if claims is None or claims["iss"] != ISSUER or not _is_now(claims, now):
        return False
    try:
        is_of_url = is_hash_of(claims["url_hash"], url.encode("latin-1"))
    except UnicodeEncodeError:  # not what a request can hold
        return False
    if not body:  # a hash of nothing is a hash of something else
        return is_of_url and not claims.get("payload_hash")
    return is_of_url and is_hash_of(claims.get("payload_hash"), body)


def _is_now(claims: Mapping[str, Any], now: datetime) -> bool:
    begins, ends = moment(claims["nbf"]), moment(claims["exp"])
    return begins is not None and ends is not None and begins - LEEWAY <= now < ends + LEEWAY
