"""Durations as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.contracts.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("30s", 30), ("5m", 300), ("2h", 7200), ("1d", 86_400), ("PT30S", 30)],
)
def test_reads_both_forms(text: str, seconds: float) -> None:
    """The short form and ISO 8601 are read alike."""
    assert parse_duration(text) == timedelta(seconds=seconds)


HUGE = [f"99999999999{unit}" for unit in ("ms", "s", "m", "h", "d")]


@pytest.mark.parametrize(
    "value", ["", "5", 5, "0s", "-5s", "PT0S", "P-1D", "5 m", "400d", None, *HUGE]
)
def test_refuses_everything_else(value: object) -> None:
    """Bare numbers, nothing, less than nothing and more than a year are errors."""
    with pytest.raises(ValueError, match="duration"):
        parse_duration(value)


@given(st.integers(1, 366 * 86_400_000))
def test_writing_and_reading_agree(milliseconds: int) -> None:
    """What is written is read as the same."""
    duration = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(duration)) == duration
