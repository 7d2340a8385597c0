"""Whether a text mentions an address, as the erasure's SQL would find it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from router.store.mentions import mentions_of


def mentions(text: str, addresses: Sequence[str]) -> bool:
    """Return whether `text` mentions one of the addresses."""
    wanted = mentions_of(addresses)
    found = re.search(wanted.pattern, text, re.IGNORECASE)
    return found is not None or any(part in text for part in wanted.parts)
