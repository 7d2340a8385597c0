"""A response, once it has arrived whole. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json


class Headers(Mapping[str, str]):
    """A response's header fields, whose names are found in any case; decoded when they are read."""

    def __init__(self, fields: Mapping[bytes, bytes]) -> None:
        self._fields = fields  # names in lower case

    def __getitem__(self, name: str) -> str:
        value = self._fields[name.lower().encode("utf-8", "surrogateescape")]
        return value.decode("utf-8", "surrogateescape")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("ascii") for name in self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({list(self)})"  # values may hold what no log may


@dataclass(slots=True)  # one a message: a frozen one takes twice as long to make
class HttpResponse:
    """A response."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Return the body as JSON, None when it is none."""
        try:
            return from_json(self.body)
        except ValueError:
            return None

    def document(self) -> dict[str, Any]:
        """Return the body as a JSON object, empty when it is none."""
        found = self.json()
        return found if isinstance(found, dict) else {}
