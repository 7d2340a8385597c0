"""A message's properties on the wire. Pure.

RabbitMQ passes properties on as they came. What can't be read of them is read as absent, so that a
message is judged like any other: see `herald.bus.lenient_decoding`, which reads their headers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from herald.bus.lenient_decoding import read_headers
from herald.bus.wire.layout import UNSIGNED_32, UNSIGNED_64, WireError

# in the order in which they follow each other
CONTENT_TYPE = 1 << 15
CONTENT_ENCODING = 1 << 14
HEADERS = 1 << 13
DELIVERY_MODE = 1 << 12
PRIORITY = 1 << 11
CORRELATION_ID = 1 << 10
REPLY_TO = 1 << 9
EXPIRATION = 1 << 8
MESSAGE_ID = 1 << 7
TIMESTAMP = 1 << 6
TYPE = 1 << 5
USER_ID = 1 << 4
APP_ID = 1 << 3
MORE_FLAGS = 1  # none are defined

_NO_HEADERS: Mapping[str, Any] = {}
Read = Callable[[bytes, int], tuple[Any, int]]


@dataclass(slots=True)
class Properties:
    """Those that Herald reads."""

    content_type: str | None = None
    headers: Mapping[str, Any] = field(default_factory=lambda: _NO_HEADERS)
    correlation_id: str | None = None
    message_id: str | None = None
    timestamp: datetime | None = None
    type: str | None = None
    user_id: str | None = None


def read_properties(data: bytes, flags: int, at: int, end: int) -> Properties:
    """Read the properties that `flags` name, from `at` on; they end at `end`.

    Raises:
        WireError: they do not.
    """
    if flags & MORE_FLAGS:
        raise WireError("properties that no specification names")
    found = Properties()
    for read, name in _plan(flags):
        value, at = read(data, at)
        if name:
            setattr(found, name, value)
    if at > end:
        raise WireError("properties longer than their frame")
    return found


@lru_cache(maxsize=64)  # producers set few combinations
def _plan(flags: int) -> tuple[tuple[Read, str], ...]:
    return tuple((read, name) for flag, read, name in _LAYOUT if flags & flag)


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + data[at]
    return data[at + 1 : end].decode("utf-8", "replace"), end


def _octet(_data: bytes, at: int) -> tuple[None, int]:
    return None, at + 1


def _headers(data: bytes, at: int) -> tuple[Mapping[str, Any], int]:
    end = at + UNSIGNED_32.size + UNSIGNED_32.unpack_from(data, at)[0]
    return read_headers(data[at:end]), end


def _moment(data: bytes, at: int) -> tuple[datetime | None, int]:
    """Read a time; one beyond the year 9999 is none: a producer may count microseconds."""
    [seconds] = UNSIGNED_64.unpack_from(data, at)
    at += UNSIGNED_64.size
    try:
        return datetime.fromtimestamp(seconds, UTC), at
    except (ValueError, OverflowError, OSError):
        return None, at


_LAYOUT: tuple[tuple[int, Read, str], ...] = (  # in their order; without a name they are skipped
    (CONTENT_TYPE, _text, "content_type"),
    (CONTENT_ENCODING, _text, ""),
    (HEADERS, _headers, "headers"),
    (DELIVERY_MODE, _octet, ""),
    (PRIORITY, _octet, ""),
    (CORRELATION_ID, _text, "correlation_id"),
    (REPLY_TO, _text, ""),
    (EXPIRATION, _text, ""),
    (MESSAGE_ID, _text, "message_id"),
    (TIMESTAMP, _moment, "timestamp"),
    (TYPE, _text, "type"),
    (USER_ID, _text, "user_id"),
)
