"""How requests are signed at Vonage's SMS API: our calls as well as its webhooks. Pure.

Vonage: "Signing messages". A signature covers the fields, sorted by name, whatever carries them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from herald.providers.lenient_json import moment
from herald.providers.signatures import any_equal

SignatureMethod = Literal["md5hash", "md5", "sha1", "sha256", "sha512"]

SIGNATURE_FIELD = "sig"
TIMESTAMP_FIELD = "timestamp"  # seconds since 1970

_NAME = re.compile(r"[^&=]+")  # another name could hold what the signature takes for two fields
_REPLACED = str.maketrans("&=", "__")  # in values


def signature(fields: Mapping[str, str], secret: bytes, method: SignatureMethod) -> str:
    """Sign fields; a signature among them is left out. Returns lower-case hexadecimal digits."""
    signed = "".join(
        f"&{name}={value.translate(_REPLACED)}"
        for name, value in sorted(fields.items())
        if name != SIGNATURE_FIELD
    ).encode("utf-8", "surrogatepass")
    if method == "md5hash":
        return hashlib.md5(signed + secret, usedforsecurity=False).hexdigest()
    return hmac.new(secret, signed, method).hexdigest()


def is_vonage_signature(
    sent: Sequence[tuple[str, str]],
    secrets: Iterable[bytes],
    method: SignatureMethod,
    now: datetime,
    window: timedelta,
) -> bool:
    """Check the `sig` of a webhook's fields, in either case, and that its time is near `now`."""
    fields = dict(sent)
    claimed, signed_at = fields.get(SIGNATURE_FIELD, ""), moment(fields.get(TIMESTAMP_FIELD))
    if not claimed or signed_at is None or abs(now - signed_at) > window:
        return False
    is_clear = len(fields) == len(sent) and all(_NAME.fullmatch(name) for name in fields)
    expected = (signature(fields, key, method).encode() for key in secrets if key)
    return is_clear and any_equal(claimed.lower().encode("utf-8", "surrogatepass"), expected)
