"""Writing forms: what `urlencode` of the standard library writes, at a third of its cost. Pure.

Every message to a provider that takes forms is written as one, and its text is long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_ESCAPED = re.compile(r"[^A-Za-z0-9_.~ -]")
_WRITTEN = [
    f"%{byte:02X}" if _ESCAPED.match(chr(byte)) else chr(byte).replace(" ", "+")
    for byte in range(256)
]


def form_of(fields: Mapping[str, str] | Iterable[tuple[str, str]]) -> bytes:
    """Write fields as `application/x-www-form-urlencoded`, in their order.

    Raises:
        UnicodeEncodeError: a text holds half a character (a lone surrogate).
    """
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    return "&".join([f"{_quoted(name)}={_quoted(text)}" for name, text in pairs]).encode()


def _quoted(text: str) -> str:
    if not text.isascii():
        return "".join(map(_WRITTEN.__getitem__, text.encode()))
    text = text.replace("%", "%25")  # first: the others bring more of it
    for character in set(_ESCAPED.findall(text)) - {"%"}:  # few, however long the text
        text = text.replace(character, _WRITTEN[ord(character)])
    return text.replace(" ", "+")
