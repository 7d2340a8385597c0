"""Refusals name the field at fault, and no address that stands in place of its name."""

from __future__ import annotations

from typing import Any

import pytest

from herald.contracts.masking import masked
from unit.router.offering import refused

PHONE, EMAIL = "+15550000555", "ada.leak@example.com"


@pytest.mark.parametrize(
    ("changes", "at", "address"),
    [
        ({PHONE: "x"}, "{}", PHONE),
        ({"metadata": {EMAIL: 5}}, "metadata.{}", EMAIL),
        ({"to": {"addresses": {EMAIL: "x"}}}, "to.addresses.{}.[key]", EMAIL),
    ],
)
def test_an_address_in_place_of_a_name_is_masked(
    changes: dict[str, Any], at: str, address: str
) -> None:
    """Who reads refusals may be nobody's sender, and sees no address in full."""
    refusal = refused(**changes)
    assert refusal.field == at.format(masked(address))
    assert address not in refusal.reason
