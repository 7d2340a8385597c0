"""Numbers that WhatsApp writes in two ways."""

from __future__ import annotations

import pytest

from herald.contracts.addresses import whatsapp_forms

PAIRS = [
    ("+5511987654321", "+551187654321"),  # Brazil
    ("+5215512345678", "+525512345678"),  # Mexico
    ("+5491112345678", "+541112345678"),  # Argentina
]


@pytest.mark.parametrize(("one", "other"), [*PAIRS, *(pair[::-1] for pair in PAIRS)])
def test_each_form_leads_to_the_other(one: str, other: str) -> None:
    """Whichever is given, both are looked for."""
    assert whatsapp_forms(one) == (one, other)


@pytest.mark.parametrize("address", ["+15550001111", "+551133334444", "US.1234", "ada@example.com"])
def test_other_addresses_have_one_form(address: str) -> None:
    """A landline in Brazil has no 9 to drop."""
    assert whatsapp_forms(address) == (address,)
