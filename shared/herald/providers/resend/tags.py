"""Our attempt's id as a tag of Resend's, which takes letters, digits, `_` and `-` only. Pure.

Source: Resend, "Send email": tags.
"""

from __future__ import annotations

ATTEMPT_TAG = "herald_attempt"


def as_tag(attempt: str) -> str:
    """Write it."""
    return attempt.replace(".", "_")


def from_tag(tag: object) -> str | None:
    """Read it back; None: it is no text. No attempt has a `_`."""
    return tag.replace("_", ".") if isinstance(tag, str) else None
