"""The several ways in which one phone number is written."""

from __future__ import annotations

import pytest

from herald.contracts.masking import address_hash, all_address_hashes
from herald.contracts.number_forms import number_forms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+525512345678", "+5215512345678"),
        ("+541123456789", "+5491123456789"),
        ("+551187654321", "+5511987654321"),
    ],
)
def test_each_form_names_the_other(one: str, other: str) -> None:
    """Whoever writes STOP from one form is not written to at the other."""
    assert number_forms(one) == (one, other)
    assert number_forms(other) == (other, one)
    assert set(all_address_hashes(one)) == set(all_address_hashes(other))
    assert all_address_hashes(one)[0] == address_hash(one)


@pytest.mark.parametrize(
    "number", ["+15550002222", "+551123456789", "+52551234567", "ada@example.com", "US.1234"]
)
def test_most_have_one_form(number: str) -> None:
    """A landline in Brazil, too."""
    assert number_forms(number) == (number,)
    assert all_address_hashes(number) == (address_hash(number),)
