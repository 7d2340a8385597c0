"""Frozen values with some of their fields changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

ValueT = TypeVar("ValueT")


def changed(value: ValueT, **changes: Any) -> ValueT:
    """Return a copy of a frozen dataclass with slots, with some of its fields changed.

    As `dataclasses.replace`, at a third of the cost: a message is copied again and again while a
    decision about it is made.
    """
    kind: Any = type(value)
    copy_of, setters = _copier(kind)
    copy: ValueT = copy_of(value)
    for name, new in changes.items():
        setters[name](copy, new)
    return copy


@cache
def _copier(kind: Any) -> tuple[Callable[[Any], Any], Mapping[str, Callable[[Any, Any], None]]]:
    """Compile a copy of each slot, as dataclasses compile `__init__`, and return each's setter."""
    setters = {field.name: getattr(kind, field.name).__set__ for field in fields(kind)}
    lines = [f"    set_{name}(copy, value.{name})" for name in setters]
    source = "\n".join(["def copy_of(value):", "    copy = new(kind)", *lines, "    return copy"])
    names: dict[str, Any] = {f"set_{name}": setter for name, setter in setters.items()}
    names |= {"new": object.__new__, "kind": kind}
    exec(source, names)  # noqa: S102  made of names of fields alone
    return names["copy_of"], setters
