"""Texts written with the letters that an SMS has, so that they take fewer segments. Pure.

One character outside GSM-7 makes a whole text UCS-2: 70 characters a segment instead of 160.
"""

from __future__ import annotations

from unicodedata import normalize

from herald.contracts.content.segments import (
    BASIC,
    EXTENSION,
    SmsEncoding,
    count_segments,
    encoding_of,
)

_ALPHABET = BASIC | EXTENSION
# ASCII that GSM-7 lacks, and what anyascii makes of signs that GSM-7 has another form of
_OWN = {"`": "'", "\t": " ", "\u00a0": " ", "\u00b4": "'", "\u2028": "\n", "\u2029": "\n\n"}


def transliterated(text: str) -> str:
    """Return the text in GSM-7 if that saves segments, else the text as it is.

    Letters are written in Latin, marks of punctuation in their plain form, emoji by name.
    """
    if encoding_of(text) is SmsEncoding.GSM_7:
        return text
    from anyascii import anyascii  # noqa: PLC0415  heavy: only where it is wanted

    def in_ascii(character: str) -> str:
        return "".join(_OWN.get(each, each) for each in anyascii(character))

    # é as one character is in GSM-7, e with an accent behind it is not
    composed = normalize("NFC", text)
    plain = "".join(one if one in _ALPHABET else _OWN.get(one) or in_ascii(one) for one in composed)
    fits = encoding_of(plain) is SmsEncoding.GSM_7 and bool(plain.strip())
    return plain if fits and count_segments(plain) < count_segments(text) else text
