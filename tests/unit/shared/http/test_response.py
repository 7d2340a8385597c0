"""A response's header fields: found in any case, decoded when read, shown to nobody."""

from __future__ import annotations

import pytest

from herald.http.response import Headers


def test_names_are_found_in_any_case() -> None:
    headers = Headers({b"retry-after": b"7"})
    assert headers["Retry-After"] == headers["retry-AFTER"] == "7"
    assert headers.get("Date", "") == ""
    assert "Retry-After" in headers
    assert dict(headers) == {"retry-after": "7"}


def test_a_value_of_any_bytes_can_be_read() -> None:
    """A server may send what is no text."""
    assert Headers({b"x": b"\xff"})["x"].encode("utf-8", "surrogateescape") == b"\xff"


@pytest.mark.parametrize("name", ["ü", "\udcff"])
def test_a_name_nobody_sends_is_not_there(name: str) -> None:
    assert name not in Headers({b"x": b""})


def test_values_are_not_shown() -> None:
    """A log that shows them would show what it must not."""
    assert "secret" not in repr(Headers({b"x": b"secret"}))
