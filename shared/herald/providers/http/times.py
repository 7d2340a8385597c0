"""When something happened, in whatever form a provider writes it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from herald.providers.lenient_json import moment

ANY = "any"
_LONGEST = 64
_YEARS = range(2000, 2100)


def time_of(value: Any, form: str = ANY) -> datetime | None:
    """Read a time; one without an offset is UTC, and what can't be read is none.

    `form` is `any` (an epoch in seconds or milliseconds, or ISO 8601), or as `strptime` has it.
    """
    if not isinstance(value, str):
        return moment(value)
    if len(value) > _LONGEST:
        return None
    if form == ANY and value.isdigit():
        return moment(value)
    try:
        at = datetime.fromisoformat(value) if form == ANY else datetime.strptime(value, form)  # noqa: DTZ007
    except ValueError:
        return None
    try:
        utc = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        return None
    return utc if utc.year in _YEARS else None
