"""A dead letter's body as it may be shown to everybody: its form, not what it says. Pure."""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import from_json

from herald.contracts.redaction import redact_prose, redact_text

# fields that hold names and codes of ours, never a person's words
_NAMES = frozenset(
    {
        "account", "again", "attempt_id", "category", "channel", "class", "code", "count",
        "dispatch", "event_key", "exchange", "fallback_after", "id", "idempotency_key", "kind",
        "language", "lane", "message_id", "occurred_at", "provider", "queue", "reason",
        "received_at", "route", "send_at", "source", "start_within", "status", "success_on",
        "tenant", "time", "ttl", "expires_at",
    }
)  # fmt: skip
_LONGEST_NAME = 255
_MOST_ITEMS = 50
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_LARGEST_NUMBER = 999_999  # a longer one may be somebody's


def masked_body(body: bytes) -> Any:
    """Return a JSON body with everything but names and codes replaced by its length.

    A body that is no JSON is described.
    """
    try:
        document = from_json(body)
    except ValueError:
        return f"<{len(body)} bytes, not JSON>"
    return masked_value("", document)


def masked_value(key: str, value: Any) -> Any:
    """Return a value that stands under a key, likewise."""
    if isinstance(value, dict):
        items = list(value.items())[:_MOST_ITEMS]
        return {_shown_key(name): masked_value(name, item) for name, item in items}
    if isinstance(value, list):
        return [masked_value(key, item) for item in value[:_MOST_ITEMS]]
    if isinstance(value, str):
        return _shown(key, value)
    if isinstance(value, bool) or value is None:
        return value
    return value if abs(value) <= _LARGEST_NUMBER else "<number>"


def _shown(key: str, text: str) -> str:
    if key in _NAMES and len(text) <= _LONGEST_NAME:
        return redact_text(text)
    return f"<{len(text)} characters>"


def _shown_key(key: str) -> str:
    return redact_prose(key) if _PLAIN_KEY.fullmatch(key) else f"<{len(key)} characters>"
