"""What a response's header fields say of times. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LONGEST_WAIT = timedelta(days=1)


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long the server asks us to wait: seconds or an HTTP date (RFC 9110, 10.2.3).

    Zero when it asks for none, a day at most; None when it says nothing we can read.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), _LONGEST_WAIT)
    at = _date(value)
    if at is None:
        return None
    try:
        return min(max(at - server_time(headers), timedelta(0)), _LONGEST_WAIT)
    except OverflowError:
        return None


def server_time(headers: Mapping[str, str]) -> datetime:
    """Return the server's own time, by which it names other times; ours where it names none."""
    return _date(headers.get("Date", "")) or datetime.now(UTC)


def _date(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
