"""Durations as people write them: `250ms`, `30s`, `5m`, `2h`, `1d`, or ISO 8601 (`PT30S`)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter, ValidationError, WithJsonSchema

_SHORT = re.compile(r"(\d{1,11})(ms|s|m|h|d)")
_UNIT = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_ISO = TypeAdapter(timedelta)
_LONGEST = timedelta(days=366)


def parse_duration(value: object) -> timedelta:
    """Read a positive duration.

    Raises:
        ValueError: it has neither form, is not positive, or is longer than 366 days.
    """
    if isinstance(value, timedelta):
        duration = value
    elif isinstance(value, str) and (match := _SHORT.fullmatch(value)):
        unit = _UNIT[match[2]]
        duration = min(int(match[1]), _LONGEST // unit + 1) * unit  # more overflows
    elif isinstance(value, str) and value.startswith("P"):
        try:
            duration = _ISO.validate_python(value)
        except ValidationError:
            raise ValueError("not an ISO 8601 duration") from None
    else:
        raise ValueError("a duration is written like 250ms, 30s, 5m, 2h, 1d or PT30S")
    if not timedelta(0) < duration <= _LONGEST:
        raise ValueError("a duration lies between 1ms and 366 days")
    return duration


def format_duration(duration: timedelta) -> str:
    """Write a duration in its shortest form, to the millisecond and at least one."""
    milliseconds = max(1, round(duration / timedelta(milliseconds=1)))
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


AUTO: Final = "auto"


def _fallback_after(value: object) -> timedelta | str:
    return AUTO if value == AUTO else parse_duration(value)


def _written(value: timedelta | str) -> str:
    return value if isinstance(value, str) else format_duration(value)


FallbackAfter = Annotated[
    timedelta | Literal["auto"],
    BeforeValidator(_fallback_after),
    PlainSerializer(_written, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(auto|\d{1,11}(ms|s|m|h|d)|P.+)$",
            "description": "A duration such as 250ms, 30s, 5m or ISO 8601, or `auto`.",
            "examples": ["60s", "auto"],
        }
    ),
]

Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(\d{1,11}(ms|s|m|h|d)|P.+)$",
            "description": "A duration such as 250ms, 30s, 5m, 2h, 1d, or ISO 8601.",
            "examples": ["60s"],
        }
    ),
]
