"""How Meta signs its webhooks."""

from __future__ import annotations

from collections.abc import Iterable

from herald.providers.signatures import any_equal, hmac_under

_SHA256_PREFIX = b"sha256="


def is_meta_signature(header: bytes | None, body: bytes, secrets: Iterable[bytes]) -> bool:
    """Check `X-Hub-Signature-256`: hex HMAC-SHA256 of the raw body under the app secret.

    Meta: "Validate payloads". The body must be the bytes as they came: Meta escapes non-ASCII text
    and signs it so, and no serialiser gives the same bytes again.
    """
    if header is None or not header.startswith(_SHA256_PREFIX):
        return False
    claimed = header[len(_SHA256_PREFIX) :]
    return any_equal(claimed, [hmac_under(key).hexdigest(body) for key in secrets if key])
