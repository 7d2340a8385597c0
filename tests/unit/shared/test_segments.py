"""Encodings and segments of SMS, by the tables of 3GPP TS 23.038 and TS 23.040."""

from __future__ import annotations

import pytest

from herald.contracts.content.segments import (
    BASIC,
    EXTENSION,
    SmsEncoding,
    count_segments,
    encoding_of,
)

# TS 23.038, 6.2.1: the default alphabet, a column of 16 codes a line; 0x1B is the escape.
COLUMNS = [
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
]
# TS 23.038, 6.2.1.1: what the escape reaches, by code
EXTENDED = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "["}
EXTENDED |= {0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"}


def test_the_alphabet_is_the_published_one() -> None:
    """Eight columns of sixteen without the escape, and ten characters behind it."""
    assert all(len(column) == 16 for column in COLUMNS)
    assert set("".join(COLUMNS)) - {"\x1b"} == BASIC
    assert set(EXTENDED.values()) == EXTENSION


@pytest.mark.parametrize("text", ["", "Hello", "Grüße für 5 €", "[x] {y} ~ ^ | \\", "ΔΦΓ"])
def test_a_text_of_the_alphabet_is_gsm_7(text: str) -> None:
    """Both tables are one alphabet."""
    assert encoding_of(text) is SmsEncoding.GSM_7


@pytest.mark.parametrize("text", ["ç", "Привет", "👋", "`", "λ", "\x1b", "\t", "Á", "\u00a0"])
def test_one_other_character_makes_it_ucs_2(text: str) -> None:
    """A character outside the tables changes the encoding of the whole text."""
    assert encoding_of("Hello " + text) is SmsEncoding.UCS_2


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 0),
        ("a", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),  # 160 septets
        ("€" * 81, 2),
        ("€" * 152, 2),  # 76 in each: an escape is not parted from its code
        ("€" * 153, 3),
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 134, 2),
        ("я" * 135, 3),
        ("👋" * 35, 1),  # 70 units
        ("👋" * 36, 2),
        ("👋" * 66, 2),  # 33 in each: a pair is not parted
        ("👋" * 67, 3),
    ],
)
def test_segments(text: str, segments: int) -> None:
    """160 septets or 70 units go alone; of several messages each has 153 or 67."""
    assert count_segments(text) == segments
