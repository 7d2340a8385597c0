"""What the signature schemes of providers have in common. Pure.

A scheme is a function of what was sent, what was claimed and the secrets. All fail closed: whatever
is missing, malformed or strange is "not authentic", never an exception. Several secrets allow
rotation: one that fits is enough.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable


def any_equal(claimed: bytes, expected: Iterable[bytes]) -> bool:
    """Compare with every candidate, in constant time each: on bytes, for `str` may raise."""
    found = False
    for candidate in expected:
        found |= hmac.compare_digest(candidate, claimed)
    return found
