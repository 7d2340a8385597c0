"""Patterns that find addresses in texts that others wrote. Pure.

The patterns mean the same to PostgreSQL and to Python's `re`, and are to be used without regard to
case. A number is found with or without `+`, and in groups, and in ids that hold it in base64.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from herald.contracts.masking import one_form

_SHORTEST_NUMBER = 5  # digits; what is shorter is no number, and stands everywhere
_BETWEEN_DIGITS = r"[ ().+/-]{0,3}"
# As JSON, URLs and quoted-printable write it. Where a body is shown as text its backslashes are
# doubled.
_AT = r"(?:@|%40|=40|\\{1,2}u0040)"
_BEFORE_EMAIL = r"(?:(?<![a-z0-9._+-])|(?<=%[0-9a-f]{2}))"
_AFTER_EMAIL = r"(?![a-z0-9-]|\.[a-z0-9])"


class Mentions(Struct, frozen=True, kw_only=True):
    """What a text that mentions one of some addresses has: a match, or one of the parts."""

    pattern: str
    parts: tuple[str, ...]  # to be found as they are, in upper and lower case

    @property
    def like(self) -> list[str]:
        """The parts as SQL's LIKE wants them."""
        return [f"%{part}%" for part in self.parts]


def mentions_of(addresses: Sequence[str]) -> Mentions:
    """Return what finds mentions of any of `addresses`, of which there is at least one."""
    forms = list(dict.fromkeys(one_form(address) for address in addresses))
    as_written = (address for address in addresses if "@" in address)
    long = sorted({form for form in (*forms, *as_written) if len(form) >= _SHORTEST_NUMBER})
    parts = dict.fromkeys(part for form in long for part in _in_base64(form))
    return Mentions(pattern="|".join(map(_pattern, forms)), parts=tuple(parts))


def _pattern(form: str) -> str:
    if "@" in form:
        local, _, domain = form.rpartition("@")
        return _BEFORE_EMAIL + _characters(local) + _AT + _characters(domain) + _AFTER_EMAIL
    if form.isdigit() and len(form) >= _SHORTEST_NUMBER:
        return f"(?<![0-9])(?:00)?{_BETWEEN_DIGITS.join(form)}(?![0-9])"
    return f"(?<![a-z0-9.]){_characters(form)}(?![a-z0-9])"


def _characters(text: str) -> str:
    return "".join(map(_character, text))


def _character(one: str) -> str:
    """Match a character as it is, as JSON escapes it, and as PostgreSQL shows its bytes."""
    if one.isascii():
        percent = "" if one.isalnum() or one in "-._~" else f"|%{ord(one):02x}"
        return f"(?:{re.escape(one)}{percent})" if percent else re.escape(one)
    octal = "".join(rf"\\{byte:03o}" for byte in one.encode())
    percent = "".join(f"%{byte:02x}" for byte in one.encode())
    return rf"(?:{one}|\\{{1,2}}u{ord(one):04x}|{octal}|{percent})"


def _in_base64(form: str) -> Iterator[str]:
    """Write what is certain of a text's base64, wherever in the encoded bytes it begins."""
    for before, uncertain in ((0, 0), (1, 2), (2, 3)):
        encoded = b64encode(b"\0" * before + form.encode()).decode()
        certain = (before + len(form.encode())) * 8 // 6
        part = encoded[uncertain:certain]
        yield from dict.fromkeys(_alphabets(part))


def _alphabets(part: str) -> Iterable[str]:
    return part, part.replace("+", "-").replace("/", "_")
