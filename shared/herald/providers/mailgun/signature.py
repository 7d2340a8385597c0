"""How Mailgun signs its webhooks: a timestamp and a token, and nothing else of the request.

Source: Mailgun, "Securing webhooks". Whoever has seen a request can send another body with its
signature while that is not too old; only the connection's encryption keeps others from seeing one.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from herald.providers.lenient_json import moment
from herald.providers.signatures import any_equal


@dataclass(frozen=True, slots=True)
class Signed:
    """What a webhook gives as its signature; texts of ASCII, or it is none."""

    timestamp: str
    token: str
    signature: str


def signed_by(timestamp: Any, token: Any, signature: Any) -> Signed | None:
    """Take three values for a signature; None where one is no text of ASCII."""
    values = (timestamp, token, signature)
    if not all(isinstance(value, str) and value and value.isascii() for value in values):
        return None
    return Signed(timestamp, token, signature) if timestamp.isdigit() else None


def is_mailgun_signature(
    signed: Signed | None, keys: Iterable[bytes], now: datetime, age: timedelta
) -> bool:
    """Check the hex HMAC-SHA256 over timestamp and token; `age`: how far its time may be from now.

    Mailgun tries a webhook again for 8 hours, and may do so with the first one's time.
    """
    if signed is None:
        return False
    at = moment(signed.timestamp)
    if at is None or abs(now - at) > age:
        return False
    message = (signed.timestamp + signed.token).encode()
    expected = [hmac.new(key, message, sha256).hexdigest().encode() for key in keys]
    return any_equal(signed.signature.encode(), expected)
