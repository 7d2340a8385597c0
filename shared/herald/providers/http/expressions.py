"""Paths in profiles: JMESPath over a small document, bounded before it ever runs. Pure.

A path is held to a length, to a number of parts, to functions that make nothing large, and to how
far it can multiply what it reads; so what it costs grows with the document alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from math import prod
from typing import Annotated, Any, cast

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature
from pydantic import PlainValidator

MAX_CHARACTERS = 600
MAX_PARTS = 120
MAX_GROWTH = 64  # times the document that a result may be

BUILT_IN = frozenset(
    {"contains", "ends_with", "join", "keys", "length", "not_null", "starts_with", "to_number"}
)
OURS = frozenset({"after", "before", "digits", "lower", "masked", "text"})
_RELATIVE = frozenset(  # behind their first part, names are those of what it found
    {"subexpression", "index_expression", "pipe"}
    | {"projection", "value_projection", "filter_projection", "flatten"}
)
_GATHERING = frozenset({"multi_select_list", "multi_select_dict"})


class _Functions(Functions):
    """JMESPath's functions and ours; each of ours gives null where it is given null."""

    @signature({"types": ["string", "number", "null"]})
    def _func_text(self, value: str | float | None) -> str | None:
        return None if value is None else str(value)

    @signature({"types": ["string", "number", "null"]})
    def _func_digits(self, value: str | float | None) -> str | None:
        return None if value is None else "".join(filter(str.isdigit, str(value)))

    @signature({"types": ["string", "number", "null"]})
    def _func_masked(self, value: str | float | None) -> str | None:
        return None if value is None else sha256(str(value).encode()).hexdigest()[:16]

    @signature({"types": ["string", "null"]})
    def _func_lower(self, value: str | None) -> str | None:
        return None if value is None else value.lower()

    @signature({"types": ["string", "null"]}, {"types": ["string"]})
    def _func_before(self, value: str | None, mark: str) -> str | None:
        return None if value is None else value.partition(mark)[0]

    @signature({"types": ["string", "null"]}, {"types": ["string"]})
    def _func_after(self, value: str | None, mark: str) -> str | None:
        return None if value is None else value.partition(mark)[2]


_OPTIONS = jmespath.Options(custom_functions=_Functions())


class Expression:
    """A path that was found fit to run."""

    __slots__ = ("_compiled", "names", "source")

    def __init__(self, source: str) -> None:
        """Compile it.

        Raises:
            ValueError: it can't be read, or could cost too much.
        """
        if len(source) > MAX_CHARACTERS:
            raise ValueError(f"a path of over {MAX_CHARACTERS} characters")
        try:
            self._compiled = jmespath.compile(source)
        except JMESPathError as error:
            raise ValueError(_what_is_wrong(error)) from None
        except RecursionError:
            raise ValueError("a path with too many levels") from None
        self.source = source
        self.names = frozenset(_checked(cast("dict[str, Any]", self._compiled.parsed)))

    def find(self, document: Mapping[str, Any]) -> Any:
        """Return what is there; None where nothing is, or something of another kind."""
        try:
            return self._compiled.search(document, options=_OPTIONS)
        except JMESPathError:
            return None

    def text(self, document: Mapping[str, Any]) -> str | None:
        """Return a text or a number as text; an empty one is none."""
        return as_text(self.find(document))

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"


def as_text(value: Any) -> str | None:
    """Read a text or a number as text; all else, and an empty text, is none."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _expression(written: Any) -> Expression:
    if isinstance(written, Expression):
        return written
    if not isinstance(written, str):
        raise ValueError("a path is written as a text")  # noqa: TRY004  pydantic's way
    return Expression(written)


Path = Annotated[Expression, PlainValidator(_expression)]


def _what_is_wrong(error: JMESPathError) -> str:
    column = getattr(error, "lex_position", None)
    where = "" if column is None else f" at character {column + 1}"
    return f"not a path of JMESPath: it breaks{where}"


def _checked(tree: dict[str, Any]) -> Iterator[str]:
    """Give the names that a path reads of its document.

    Raises:
        ValueError: it could cost too much, or calls what it may not.
    """
    parts = list(_parts(tree))
    if len(parts) > MAX_PARTS:
        raise ValueError(f"a path of over {MAX_PARTS} parts")
    for part in parts:
        if part["type"] == "function_expression" and part["value"] not in BUILT_IN | OURS:
            known = ", ".join(sorted(BUILT_IN | OURS))
            raise ValueError(f"no function {part['value']!r}; known: {known}")
    if _growth(tree) > MAX_GROWTH:
        raise ValueError("a path that multiplies what it reads too often")
    yield from _names(tree)


def _parts(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield tree
    for child in tree["children"]:
        yield from _parts(child)


def _growth(tree: dict[str, Any]) -> int:
    """Say how many times what it is given a path can return at most."""
    inner = [_growth(child) for child in tree["children"]]
    if tree["type"] in _GATHERING or tree["type"] == "function_expression":
        return max(sum(inner), 1)
    return prod(inner)


def _names(tree: dict[str, Any]) -> Iterator[str]:
    kind = tree["type"]
    if kind == "field":
        yield tree["value"]
    elif kind in {"identity", "current"}:
        raise ValueError("a path begins with a name")
    elif kind != "expref":
        for child in tree["children"][:1] if kind in _RELATIVE else tree["children"]:
            yield from _names(child)
