"""What the signature schemes of providers have in common. Pure.

A scheme is a function of what was sent, what was claimed and the secrets. All fail closed: whatever
is missing, malformed or strange is "not authentic", never an exception. Several secrets allow
rotation: one that fits is enough.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256

_BLOCK_BYTES = 64  # of SHA-256
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


def any_equal(claimed: bytes, expected: Iterable[bytes]) -> bool:
    """Compare with every candidate, in constant time each: on bytes, for `str` may raise."""
    found = False
    for candidate in expected:
        found |= hmac.compare_digest(candidate, claimed)
    return found


class HmacSha256:
    """HMAC-SHA256 (RFC 2104) under one key; the two blocks made of the key are hashed only once.

    `hmac.digest` looks its hash up and hashes them anew for every message.
    """

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= _BLOCK_BYTES else sha256(key).digest()).ljust(
            _BLOCK_BYTES, b"\0"
        )
        self._inner, self._outer = (sha256(block.translate(pad)) for pad in (_INNER, _OUTER))

    def hexdigest(self, message: bytes) -> bytes:
        """Authenticate a message, in hexadecimal digits."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.hexdigest().encode()


@lru_cache(maxsize=256)  # secrets are few, and stay what they are until a restart
def hmac_under(key: bytes) -> HmacSha256:
    """Return the HMAC of a key."""
    return HmacSha256(key)
