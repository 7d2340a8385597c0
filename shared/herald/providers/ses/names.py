"""What Amazon SES is called, and how our attempt travels through it. Pure."""

from __future__ import annotations

PROVIDER = "ses"
CHANNEL = "email"
ATTEMPT_TAG = "herald_attempt"


def tag_value(tag: str) -> str:
    """Write an attempt's tag: a value has letters, digits, `_` and `-` (SES, "MessageTag")."""
    return tag.replace(".", "_")


def tag_of(value: object) -> str | None:
    """Read one that came back; in events values are lists."""
    first = value[0] if isinstance(value, list) and value else value
    return first.replace("_", ".") if isinstance(first, str) else None
