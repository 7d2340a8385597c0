"""How Postmark proves who it is: by the login in its webhooks' URL (RFC 7617). Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from herald.providers.signatures import any_equal


def encoded_login(login: str) -> bytes:
    """Write a `user:password` as the header has it behind its scheme."""
    return base64.b64encode(login.encode())


def is_postmark_login(header: bytes | None, logins: Iterable[bytes]) -> bool:
    """Check an `Authorization` header against encoded logins; one that fits is enough."""
    if header is None:
        return False
    scheme, _, claimed = header.partition(b" ")
    fits = any_equal(claimed.strip(), logins)
    return fits and scheme.lower() == b"basic"
