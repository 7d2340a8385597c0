"""Which field of a command JSON can't hold, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from herald.contracts.text import NOT_STORABLE

DEEPEST = 16  # no field of a command lies as deep


def not_json(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return the field at fault (dotted; empty for the whole) and the reason."""
    path: list[str] = []
    value: Any = fields
    while (at := next(_unwritable(value), None)) is not None:
        if len(path) == DEEPEST:
            return path[0], "nested too deeply"
        name, value = at
        path.append(name)
    is_text = isinstance(value, str) or (isinstance(value, Mapping) and all(map(_is_text, value)))
    return ".".join(path), NOT_STORABLE if is_text else "JSON can't hold it"


def _unwritable(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the items of an object or array that are not to be written, by name or number."""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    return ((str(name), item) for name, item in items if not _is_writable(item))


def _is_writable(value: Any) -> bool:
    try:
        to_json(value)
    except PydanticSerializationError:
        return False
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
