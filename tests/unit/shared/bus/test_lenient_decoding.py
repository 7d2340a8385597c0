"""Reading properties that nobody should send."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest
from pamqp import decode

from herald.bus.lenient_decoding import UNREADABLE_HEADER, decode_any_properties


@pytest.fixture(autouse=True)
def _lenient() -> None:
    decode_any_properties()


@pytest.mark.parametrize("value", [2**63 - 1, 2**64 - 1, 1_760_000_000_000_000])
def test_timestamp_out_of_range_is_absent(value: int) -> None:
    """A timestamp beyond any calendar, microseconds for one, is read as none."""
    assert decode.by_type(struct.pack(">Q", value), "timestamp") == (8, None)


def test_good_timestamp_is_read() -> None:
    """Seconds are read as before."""
    expected = datetime(2026, 1, 2, tzinfo=UTC)
    packed = struct.pack(">Q", int(expected.timestamp()))
    assert decode.by_type(packed, "timestamp") == (8, expected)


def test_text_that_is_not_utf8_is_replaced() -> None:
    """Bytes that are no text leave readable text of the right length behind."""
    assert decode.by_type(b"\x03a\xffbrest", "shortstr") == (4, "a\ufffdb")


def test_unreadable_headers_leave_a_mark() -> None:
    """Headers with a key that is no text are skipped whole, and the rest is read on."""
    table = b"\x01\xffS" + struct.pack(">I", 1) + b"x"
    data = struct.pack(">I", len(table)) + table + b"rest"
    assert decode.by_type(data, "table") == (4 + len(table), {UNREADABLE_HEADER: True})


def test_headers_nested_too_deep_leave_a_mark() -> None:
    """Nesting beyond the interpreter's depth ends in a mark, not in a lost connection."""
    table = b""
    for _ in range(5000):
        table = b"\x01aF" + struct.pack(">I", len(table)) + table
    data = struct.pack(">I", len(table)) + table
    assert decode.by_type(data, "table") == (len(data), {UNREADABLE_HEADER: True})
