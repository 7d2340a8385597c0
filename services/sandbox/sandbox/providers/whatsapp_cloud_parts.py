"""What the WhatsApp Cloud API checks in files and places, wherever they stand."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

MAX_CAPTION = 1024
_CAPTIONED = frozenset({"image", "video", "document"})

Part = dict[str, Any]


@dataclass(slots=True)
class Invalid(Exception):  # noqa: N818  a request that is not valid, not an error of ours
    """A request that Meta would refuse."""

    code: int
    details: str


def check_file(kind: str, part: Part, files: Container[str]) -> None:
    """Take a file by link, or by the id of an upload."""
    if bool(part.get("link")) == bool(part.get("id")):
        raise Invalid(100, f"{kind} needs a link or an id")
    if part.get("id") and part["id"] not in files:
        name = "is not a valid whatsapp business account media attachment ID"
        raise Invalid(100, f"Param {kind}['id'] {name}")
    if "caption" in part and kind not in _CAPTIONED:
        raise Invalid(100, f"{kind} takes no caption")
    if "caption" in part:
        check_words(part["caption"], f"{kind}.caption", MAX_CAPTION)


def check_location(part: Part) -> None:
    """Take degrees."""
    for name, most in (("latitude", 90), ("longitude", 180)):
        degrees = part.get(name)
        if not isinstance(degrees, int | float) or isinstance(degrees, bool):
            raise Invalid(131008, f"Parameter 'location.{name}' is missing")
        if abs(degrees) > most:
            raise Invalid(131009, f"Parameter 'location.{name}' is not valid")


def check_words(words: Any, what: str, longest: int) -> None:
    """Take words that are short enough."""
    if not isinstance(words, str) or not words:
        raise Invalid(131008, f"Parameter '{what}' is missing")
    if len(words) > longest:
        raise Invalid(131009, f"{what} length invalid. Min length: 1, Max length: {longest}")
