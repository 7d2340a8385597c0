"""Reading message properties that nobody should send, instead of losing the connection over them.

RabbitMQ passes properties on as they came. pamqp raises on a timestamp beyond the year 9999 (a
producer that counts microseconds is enough), on text that is not UTF-8 and on headers nested too
deep; aiormq then drops the whole connection, the message is delivered again, and every other
message in the prefetch pays a delivery each time until it is dead-lettered. One producer could stop
the gateway. So what can't be read is read as absent, and the message is judged like any other.
"""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any

from pamqp import decode

from herald.bus.library_internals import replace_decoders

UNREADABLE_HEADER = "x-unreadable"  # all that is left of headers that can't be read

_TIMESTAMP_BYTES = 8
_LENGTH_BYTES = 4


def decode_any_properties() -> None:
    """Have this process read any properties. Safe to repeat."""
    replace_decoders(timestamp=_timestamp, short_text=_short_text, headers=_headers)


def _timestamp(value: bytes) -> tuple[int, datetime | None]:
    try:
        return decode.timestamp(value)
    except (ValueError, OverflowError, OSError):
        if len(value) < _TIMESTAMP_BYTES:
            raise
        return _TIMESTAMP_BYTES, None


def _short_text(value: bytes) -> tuple[int, str]:
    try:
        return decode.short_str(value)
    except UnicodeDecodeError:
        end = value[0] + 1
        return end, value[1:end].decode("utf-8", "replace")


def read_headers(value: bytes) -> dict[str, Any]:
    """Read headers with their length before them, or a mark in their place."""
    return _headers(value)[1]


def _headers(value: bytes) -> tuple[int, dict[str, Any]]:
    try:
        return decode.field_table(value)
    except (ValueError, RecursionError, OverflowError):
        [length] = struct.unpack(">I", value[:_LENGTH_BYTES])
        return _LENGTH_BYTES + length, {UNREADABLE_HEADER: True}
