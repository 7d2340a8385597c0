"""Which fields of a command are at fault, in its producer's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

# branches that pydantic names in a location and no producer wrote
_UNION_TAGS = {("route", "name"), ("route", "inline")}


def faults_of(error: ValidationError) -> list[tuple[str, str]]:
    """Return each field at fault (dotted; empty for the whole) and the reason, without values."""
    return [
        (".".join(_path(item["loc"])), item["msg"].removeprefix("Value error, "))
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _path(location: tuple[Any, ...]) -> Iterator[str]:
    before: Any = None
    for part in location:
        if (before, part) not in _UNION_TAGS:
            yield str(part)
        before = part
