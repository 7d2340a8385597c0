"""How an SMS's characters travel, and how many segments they fill. Pure.

Source: 3GPP TS 23.038 (formerly GSM 03.38), sections 6.2.1 and 6.2.1.1, and TS 23.040, section
9.2.3.24.1 (concatenated messages).
"""

from __future__ import annotations

import re
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
_NOT_IN_GSM_7 = re.compile(f"[^{re.escape(''.join(BASIC | EXTENSION))}]")
_WIDE_IN_GSM_7 = re.compile(f"[{re.escape(''.join(EXTENSION))}]")
_PLAIN = "".join(sign for sign in BASIC if sign.isascii()).encode()
_WIDE_IN_UCS_2 = re.compile("[\U00010000-\U0010ffff]")  # a pair of units each

# Units that a message has alone, and as one of several.
ONE_GSM_7, EACH_GSM_7 = 160, 153  # septets
ONE_UCS_2, EACH_UCS_2 = 70, 67  # 16-bit units


def encoding_of(text: str) -> SmsEncoding:
    """Return the encoding that a text needs."""
    if _is_plain(text):
        return SmsEncoding.GSM_7
    return SmsEncoding.GSM_7 if _NOT_IN_GSM_7.search(text) is None else SmsEncoding.UCS_2


def count_segments(text: str) -> int:
    """Return how many messages a text takes; none for no text."""
    return measured(text)[1]


def measured(text: str) -> tuple[SmsEncoding, int]:
    """Return the encoding that a text needs, and how many messages it takes then."""
    if _is_plain(text):
        return SmsEncoding.GSM_7, _counted(len(text), alone=ONE_GSM_7, each=EACH_GSM_7)
    if _NOT_IN_GSM_7.search(text) is None:
        segments = _filled(text, _WIDE_IN_GSM_7, alone=ONE_GSM_7, each=EACH_GSM_7)
        return SmsEncoding.GSM_7, segments
    segments = _filled(text, _WIDE_IN_UCS_2, alone=ONE_UCS_2, each=EACH_UCS_2)
    return SmsEncoding.UCS_2, segments


def fewest_segments(text: str) -> int:
    """Return how many messages a text takes at least once each character is written in GSM-7."""
    return _counted(len(text), alone=ONE_GSM_7, each=EACH_GSM_7)


def _is_plain(text: str) -> bool:
    """Whether each character is one septet, and ASCII: mostly so, and seen at once."""
    return text.isascii() and not text.encode().translate(None, _PLAIN)


def _filled(text: str, wide: re.Pattern[str], *, alone: int, each: int) -> int:
    """Count segments; a character of two units, one of `wide`, is never cut in two."""
    found = wide.findall(text)
    units = len(text) + len(found)
    if units <= alone or not found:
        return _counted(units, alone=alone, each=each)
    pairs, segments, used = set(found), 1, 0
    for character in text:
        width = 2 if character in pairs else 1
        if used + width > each:
            segments, used = segments + 1, 0
        used += width
    return segments


def _counted(units: int, *, alone: int, each: int) -> int:
    """Count segments of characters of one unit, or of few enough for one."""
    if units <= alone:
        return 1 if units else 0
    return -(-units // each)
