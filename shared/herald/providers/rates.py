"""Rates as people write them: `80/s`, `600/m`, `10000/h`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

_RATE = re.compile(r"(\d{1,9})/(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def parse_rate(value: object) -> float:
    """Return calls per second.

    Raises:
        ValueError: it is not written like `80/s`, or is zero.
    """
    if isinstance(value, float) and value > 0:
        return value
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise ValueError("a rate is written like 80/s, 600/m or 10000/h")
    return int(match[1]) / _SECONDS[match[2]]


Rate = Annotated[float, BeforeValidator(parse_rate)]
