"""Prices as they are configured."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from herald.contracts.prices import Money, Price

PRICE: TypeAdapter[Money] = TypeAdapter(Price)


def test_an_amount_and_a_currency() -> None:
    """They are written as they were read, whatever they are multiplied by."""
    price = PRICE.validate_python("0.0079 USD")
    assert price == Money(Decimal("0.0079"), "USD")
    assert PRICE.dump_python(price.times(3), mode="json") == "0.0237 USD"


@pytest.mark.parametrize("written", ["", "0.01", "USD", "-1 USD", "1 usd", "1e3 USD", "1 USD ", 1])
def test_anything_else_is_refused(written: object) -> None:
    """The error says how it is written."""
    with pytest.raises(ValidationError):
        PRICE.validate_python(written)
