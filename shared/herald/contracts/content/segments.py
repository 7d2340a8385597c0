"""How an SMS's characters travel, and how many segments they fill. Pure.

Source: 3GPP TS 23.038 (formerly GSM 03.38), sections 6.2.1 and 6.2.1.1, and TS 23.040, section
9.2.3.24.1 (concatenated messages).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class SmsEncoding(StrEnum):
    """How the characters of an SMS travel (3GPP TS 23.038)."""

    GSM_7 = "gsm-7"
    UCS_2 = "ucs-2"


# The default alphabet, by code; its code 0x1B escapes to the extension table.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")  # each takes an escape and a code
_ALPHABET = BASIC | EXTENSION

# Units that a message has alone, and as one of several.
ONE_GSM_7, EACH_GSM_7 = 160, 153  # septets
ONE_UCS_2, EACH_UCS_2 = 70, 67  # 16-bit units
_HIGHEST_ONE_UNIT = 0xFFFF  # characters above it take a pair


def encoding_of(text: str) -> SmsEncoding:
    """Return the encoding that a text needs."""
    return SmsEncoding.GSM_7 if _ALPHABET.issuperset(text) else SmsEncoding.UCS_2


def count_segments(text: str) -> int:
    """Return how many messages a text takes; none for no text."""
    if encoding_of(text) is SmsEncoding.GSM_7:
        widths = [1 if character in BASIC else 2 for character in text]
        return _filled(widths, alone=ONE_GSM_7, each=EACH_GSM_7)
    widths = [1 if ord(character) <= _HIGHEST_ONE_UNIT else 2 for character in text]
    return _filled(widths, alone=ONE_UCS_2, each=EACH_UCS_2)


def fewest_segments(text: str) -> int:
    """Return how many messages a text takes at least once each character is written in GSM-7."""
    return _filled([1] * len(text), alone=ONE_GSM_7, each=EACH_GSM_7)


def _filled(widths: Iterable[int], *, alone: int, each: int) -> int:
    """Count segments; a character of two units is never cut in two."""
    widths = list(widths)
    if sum(widths) <= alone:
        return 1 if widths else 0
    segments, used = 1, 0
    for width in widths:
        if used + width > each:
            segments, used = segments + 1, 0
        used += width
    return segments
