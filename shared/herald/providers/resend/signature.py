"""How Resend signs its webhooks: by Svix, whose scheme became Standard Webhooks. Pure.

Source: Svix, "How to verify webhooks manually"; Standard Webhooks, "Specification".
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from herald.providers.lenient_json import moment
from herald.providers.signatures import any_equal

PREFIX = "whsec_"
VERSION = b"v1"  # HMAC-SHA256; other versions beside it are passed over
MOST_SIGNATURES = 16  # in one header


def key_of(secret: str) -> bytes:
    """Return the key that a secret, as the console shows it, stands for.

    Raises:
        ValueError: it is none.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a webhook's secret is whsec_ and base64") from None
    if not key:
        raise ValueError("a webhook's secret is whsec_ and base64")
    return key


def is_svix_signature(
    name: bytes | None,
    timestamp: bytes | None,
    signatures: bytes | None,
    body: bytes,
    keys: Iterable[bytes],
    now: datetime,
    age: timedelta,
) -> bool:
    """Check `v1,<base64>` of HMAC-SHA256 over `{id}.{timestamp}.{body}`; several are a rotation.

    The time is that of the try, digits alone; `age`: how far it may be from now.
    """
    if not name or not timestamp or not signatures or not timestamp.isdigit():
        return False
    at = moment(timestamp.decode())
    if at is None or abs(now - at) > age:
        return False
    message = b".".join((name, timestamp, body))
    expected = [base64.b64encode(hmac.digest(key, message, sha256)) for key in keys]
    claims = (claim.partition(b",") for claim in signatures.split(b" ")[:MOST_SIGNATURES])
    found = False
    for version, _, signature in claims:
        if version == VERSION:
            found |= any_equal(signature, expected)
    return found
