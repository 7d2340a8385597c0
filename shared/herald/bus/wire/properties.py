"""A message's properties on the wire. Pure.

RabbitMQ passes properties on as they came. What can't be read of them is read as absent, so that a
message is judged like any other: see `herald.bus.lenient_decoding`, which reads their headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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

_LATEST_SECOND = 253_402_300_799  # of the year 9999: some producers count microseconds
_NO_HEADERS: Mapping[str, Any] = {}


@dataclass(slots=True)
class Properties:
    """Those that Herald reads."""

    headers: Mapping[str, Any] = field(default_factory=lambda: _NO_HEADERS)
    correlation_id: str | None = None
    message_id: str | None = None
    published_at: int | None = None  # in seconds since the epoch, by the publisher's clock
    user_id: str | None = None  # validated by the broker when set


def read_properties(data: bytes, flags: int, at: int, end: int) -> Properties:
    """Read the properties that `flags` name, from `at` on; they end at `end`.

    Raises:
        WireError: they do not.
        struct.error, IndexError: nor does `data`.
    """
    if flags & MORE_FLAGS:
        raise WireError("properties that no specification names")
    found = Properties()
    for kind, name in _plan(flags):
        begin = at
        if kind == _TEXT:
            at += 1 + data[at]
            if name:
                setattr(found, name, data[begin + 1 : at].decode("utf-8", "replace"))
        elif kind == _MOMENT:
            at += UNSIGNED_64.size
            found.published_at = _moment(data, begin)
        elif kind == _TABLE:
            at += UNSIGNED_32.size + UNSIGNED_32.unpack_from(data, at)[0]
            found.headers = read_headers(data[begin:at])
        else:
            at += 1
    if at > end:
        raise WireError("properties longer than their frame")
    return found


@lru_cache(maxsize=64)  # producers set few combinations
def _plan(flags: int) -> tuple[tuple[int, str], ...]:
    return tuple((kind, name) for flag, kind, name in _LAYOUT if flags & flag)


def _moment(data: bytes, at: int) -> int | None:
    seconds: int = UNSIGNED_64.unpack_from(data, at)[0]
    return seconds if seconds <= _LATEST_SECOND else None


_TEXT, _OCTET, _TABLE, _MOMENT = range(4)
_LAYOUT = (  # in their order; texts without a name are skipped
    (CONTENT_TYPE, _TEXT, ""),
    (CONTENT_ENCODING, _TEXT, ""),
    (HEADERS, _TABLE, "headers"),
    (DELIVERY_MODE, _OCTET, ""),
    (PRIORITY, _OCTET, ""),
    (CORRELATION_ID, _TEXT, "correlation_id"),
    (REPLY_TO, _TEXT, ""),
    (EXPIRATION, _TEXT, ""),
    (MESSAGE_ID, _TEXT, "message_id"),
    (TIMESTAMP, _MOMENT, "published_at"),
    (TYPE, _TEXT, ""),
    (USER_ID, _TEXT, "user_id"),
)
