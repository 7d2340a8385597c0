"""Texts with `{names}` in a profile: a URL, a header, the default of an option. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import PlainValidator

MAX_CHARACTERS = 2_000
_NAME = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class Placed:
    """A text with places for values."""

    __slots__ = ("names", "source")

    def __init__(self, source: str) -> None:
        """Read it.

        Raises:
            ValueError: a brace belongs to no name, or it is too long.
        """
        if len(source) > MAX_CHARACTERS:
            raise ValueError(f"over {MAX_CHARACTERS} characters")
        if set(_NAME.sub("", source)) & {"{", "}"}:
            raise ValueError("a brace that is no {name}")
        self.source = source
        self.names = tuple(dict.fromkeys(_NAME.findall(source)))

    def filled(self, values: Mapping[str, str]) -> str:
        """Put values in, as they are."""
        return _NAME.sub(lambda match: values[match[1]], self.source)

    def filled_url(self, values: Mapping[str, str], whole: Callable[[str], bool]) -> str:
        """Put values in as parts of a URL; `whole` says which names hold one of their own."""
        return _NAME.sub(
            lambda match: values[match[1]] if whole(match[1]) else quote(values[match[1]], safe=""),
            self.source,
        )

    def __repr__(self) -> str:
        return f"Placed({self.source!r})"


def _placed(written: Any) -> Placed:
    if isinstance(written, Placed):
        return written
    if not isinstance(written, str):
        raise ValueError("must be a text")  # noqa: TRY004  pydantic's way
    return Placed(written)


Text = Annotated[Placed, PlainValidator(_placed)]


def circle(texts: Mapping[str, Placed]) -> Iterator[str]:
    """Name every text that needs itself, by whatever way round."""
    for name in texts:
        seen: set[str] = set()
        ahead = list(texts[name].names)
        while ahead:
            needed = ahead.pop()
            if needed == name:
                yield name
                break
            if needed in texts and needed not in seen:
                seen.add(needed)
                ahead += texts[needed].names


def resolved(texts: Mapping[str, Placed], known: Mapping[str, str]) -> dict[str, str]:
    """Fill texts by what is known and by each other; there is no circle among them."""
    values = dict(known)

    def value_of(name: str) -> str:
        if name not in values:
            text = texts[name]
            values[name] = text.filled({needed: value_of(needed) for needed in text.names})
        return values[name]

    for name in texts:
        value_of(name)
    return values
