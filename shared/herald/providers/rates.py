"""Rates as people write them (`80/s`, `600/m`, `10000/h`), and what platforms allow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator

from herald.providers.budgets import Allowance

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


def parse_pair_rate(value: object) -> float | str | None:
    """Return calls per second to one recipient, or that there is no limit.

    Raises:
        ValueError: it is neither `none` nor a rate.
    """
    return value if value is None or value == NO_LIMIT else parse_rate(value)


NO_LIMIT: Literal["none"] = "none"
PairRate = Annotated[float | Literal["none"] | None, BeforeValidator(parse_pair_rate)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateProfile:
    """What a platform allows an account with one kind of numbers; configuration may say otherwise.

    A platform that documents nothing gets Herald's own cautious `rate`.
    """

    rate: float  # calls a second of the account
    sender_rate: float | None = None  # of each number it sends from; None: not limited apart
    pair: Allowance | None = None  # of one sender to one recipient; None: the platform has none


def written(rate: float) -> str:
    """Write a rate as people do."""
    for unit, seconds in _SECONDS.items():
        if rate * seconds >= 1 and float(rate * seconds).is_integer():
            return f"{int(rate * seconds)}/{unit}"
    return f"{rate:g}/s"
