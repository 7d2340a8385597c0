"""What a call costs, as configured: an amount in a currency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_WRITTEN = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) ([A-Z]{3})")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217)."""

    amount: Decimal
    currency: str

    def times(self, number: int) -> Money:
        """Return what `number` of them come to."""
        return Money(self.amount * number, self.currency)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


def _read(written: Any) -> Any:
    """Read `0.0079 USD`."""
    if not isinstance(written, str):
        return written
    match = _WRITTEN.fullmatch(written)
    if match is None:
        raise ValueError('write an amount and a currency, like "0.0079 USD"')
    return Money(Decimal(match[1]), match[2])


Price = Annotated[
    Money,
    BeforeValidator(_read),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^{_WRITTEN.pattern}$",
            "description": "An amount and a currency (ISO 4217).",
            "examples": ["0.0079 USD"],
        }
    ),
]
