"""How the characters of a text travel, by data_coding. Pure.

Source: 3GPP TS 23.038, sections 4, 6.2.1 and 6.2.1.1 (one code in each octet: what is packed into
septets is so on the air only), and SMPP 3.4, section 5.2.19.
"""

from __future__ import annotations

from enum import StrEnum

ESCAPE = 0x1B
# by code; the character at the escape's own place is what a phone shows that does not know it
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u00a0ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: dict[int, str] = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_CODES: dict[str, bytes] = {
    **{character: bytes((code,)) for code, character in enumerate(BASIC) if code != ESCAPE},
    **{character: bytes((ESCAPE, code)) for code, character in EXTENSION.items()},
}
_HIGHEST_CODE = 0x7F
_CLASS_GROUP = 0xF0


class Alphabet(StrEnum):
    """What the codes of a text mean."""

    GSM_7 = "gsm-7"
    LATIN_1 = "latin-1"
    ASCII = "ascii"
    UCS_2 = "ucs-2"


DEFAULT, UCS_2_CODING = 0x00, 0x08

# SMPP 3.4, 5.2.19, by Python's names; 0 is the network's own default, 2 and 4 are no text
CODECS: dict[int, str] = {
    0x01: "ascii",
    0x03: "latin-1",
    0x05: "shift_jis",
    0x06: "iso8859-5",
    0x07: "iso8859-8",
    0x08: "utf-16-be",
    0x09: "shift_jis",
    0x0A: "iso2022_jp",
    0x0D: "iso2022_jp_1",
    0x0E: "euc_kr",
}
_PYTHON = {Alphabet.LATIN_1: "latin-1", Alphabet.ASCII: "ascii", Alphabet.UCS_2: "utf-16-be"}


def units(text: str, alphabet: Alphabet) -> list[bytes] | None:
    """Return each character's octets, which are not to be cut apart; None: it lacks one of them."""
    if alphabet is Alphabet.GSM_7:
        found = [_CODES.get(character) for character in text]
        return None if None in found else [code for code in found if code is not None]
    if alphabet is Alphabet.UCS_2:
        return [character.encode("utf-16-be", "replace") for character in text]
    try:
        encoded = text.encode(_PYTHON[alphabet])
    except UnicodeEncodeError:
        return None
    return [bytes((octet,)) for octet in encoded]


def decoded(octets: bytes, data_coding: int, default: Alphabet) -> str | None:
    """Return a text; None: the octets are said to be none. Nothing is refused.

    `default`: what the network means by data_coding 0.
    """
    alphabet = _alphabet_of(data_coding, default)
    if alphabet is Alphabet.GSM_7:
        return _from_gsm(octets)
    codec = _PYTHON.get(alphabet) if alphabet is not None else CODECS.get(data_coding)
    return None if codec is None else octets.decode(codec, "replace")


def _alphabet_of(data_coding: int, default: Alphabet) -> Alphabet | None:
    """Return what a data_coding means; None: one of its own, or no text.

    Above the list of SMPP, it is a data coding scheme of TS 23.038, section 4.
    """
    if data_coding == DEFAULT:
        return default
    if data_coding & 0xC0 == 0 and data_coding & 0x30:  # general group: flash and compressed ones
        kinds = {0x00: Alphabet.GSM_7, 0x08: Alphabet.UCS_2}
        return None if data_coding & 0x20 else kinds.get(data_coding & 0x0C)
    if data_coding >= _CLASS_GROUP:
        return None if data_coding & 0x04 else Alphabet.GSM_7
    return None


def _from_gsm(octets: bytes) -> str:
    characters: list[str] = []
    is_escaped = False
    for octet in octets:
        if octet == ESCAPE and not is_escaped:
            is_escaped = True
            continue
        basic = BASIC[octet] if octet <= _HIGHEST_CODE else "\ufffd"
        characters.append(EXTENSION.get(octet, basic) if is_escaped else basic)
        is_escaped = False
    return "".join(characters)
