"""Ids that an SMSC writes in two ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.providers.smpp.message_ids import IdForm, canonical


@given(st.integers(0, 2**64), st.integers(0, 6))
def test_hexadecimal_and_decimal_are_the_same(number: int, zeros: int) -> None:
    """In either case, and with zeros in front or none."""
    decimal = canonical("0" * zeros + str(number), IdForm.DECIMAL, ignore_case=False)
    for written in (f"{number:x}", f"{number:X}", f"0x{number:x}", f"{number:016X}"):
        assert canonical(written, IdForm.HEX, ignore_case=False) == decimal


@pytest.mark.parametrize(
    ("written", "form", "ignore_case", "found"),
    [
        ("007aBc", IdForm.AS_IS, False, "007aBc"),
        ("007aBc", IdForm.AS_IS, True, "007abc"),
        (" 42\0", IdForm.DECIMAL, False, "42"),
        ("8d5e0f4a-1", IdForm.HEX, False, "8d5e0f4a-1"),
        ("12x", IdForm.DECIMAL, False, "12x"),
        ("", IdForm.HEX, False, None),
        (" \0", IdForm.AS_IS, False, None),
        ("9" * 65, IdForm.DECIMAL, False, None),
        ("Your code is 4711", IdForm.AS_IS, False, None),
        ("é", IdForm.AS_IS, False, None),
    ],
)
def test_written_otherwise(
    written: str, form: IdForm, ignore_case: bool, found: str | None
) -> None:
    """An id that is not of its form stays as it is."""
    assert canonical(written, form, ignore_case=ignore_case) == found
