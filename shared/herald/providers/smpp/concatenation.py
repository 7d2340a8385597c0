"""Texts over one SMS: cutting them into parts, and reading that something is one. Pure.

Source: 3GPP TS 23.040, sections 9.2.3.24.1 and 9.2.3.24.8 (user data headers with a reference of 8
or 16 bits), and SMPP 3.4, sections 5.3.2.22 to 5.3.2.24 (`sar_*`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from herald.providers.smpp.pdus import (
    HAS_UDH,
    SAR_NUMBER,
    SAR_REFERENCE,
    SAR_TOTAL,
    Message,
)

MAX_PARTS = 255
MAX_PAYLOAD_BYTES = 0xFFFF
_REFERENCE_8, _REFERENCE_16 = 0x00, 0x08  # information elements
_LENGTH_8, _LENGTH_16 = 3, 4  # of their data


class LongMessages(StrEnum):
    """How a text that one SMS can't hold travels."""

    UDH_8 = "udh-8"
    UDH_16 = "udh-16"
    SAR = "sar"
    PAYLOAD = "payload"


# How much one SMS holds alone, and as one of several: 140 octets on the air, less the header of 6
# octets, or of 7 with a reference of 16 bits. A septet is an octet until it gets there.
ALONE = {"septets": 160, "octets": 140}
EACH = {
    ("septets", LongMessages.UDH_8): 153,
    ("septets", LongMessages.UDH_16): 152,
    ("septets", LongMessages.SAR): 153,  # the network writes the header, of 8 bits as a rule
    ("octets", LongMessages.UDH_8): 134,
    ("octets", LongMessages.UDH_16): 133,
    ("octets", LongMessages.SAR): 134,
}


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a long message something is."""

    reference: int
    number: int  # from 1
    total: int

    def header(self, how: LongMessages) -> bytes:
        """Return the user data header, with its length."""
        if how is LongMessages.UDH_16:
            reference = (self.reference & 0xFFFF).to_bytes(2, "big")
            element = bytes((_REFERENCE_16, _LENGTH_16)) + reference
        else:
            element = bytes((_REFERENCE_8, _LENGTH_8, self.reference & 0xFF))
        element += bytes((self.total, self.number))
        return bytes((len(element),)) + element

    @property
    def tlvs(self) -> dict[int, bytes]:
        """Return the same as optional parameters."""
        return {
            SAR_REFERENCE: (self.reference & 0xFFFF).to_bytes(2, "big"),
            SAR_TOTAL: bytes((self.total,)),
            SAR_NUMBER: bytes((self.number,)),
        }


def cut(characters: Sequence[bytes], size: int) -> list[bytes]:
    """Put characters together to parts of at most `size` octets; none is cut in two."""
    parts = [bytearray()]
    for character in characters:
        if len(parts[-1]) + len(character) > size:
            parts.append(bytearray())
        parts[-1] += character
    return [bytes(part) for part in parts]


def part_of(message: Message) -> tuple[Part | None, bytes]:
    """Read which part a message is, and what it says without the header that says so."""
    octets, header = message.octets, b""
    if message.esm_class & HAS_UDH and octets and octets[0] < len(octets):
        end = 1 + octets[0]
        header, octets = octets[1:end], octets[end:]
    return _part_in(header) or _part_of_tlvs(message), octets


def _part_in(header: bytes) -> Part | None:
    while len(header) >= 2:  # noqa: PLR2004  an element's kind and length
        kind, length = header[0], header[1]
        data, header = header[2 : 2 + length], header[2 + length :]
        if len(data) == length and (kind, length) in {
            (_REFERENCE_8, _LENGTH_8),
            (_REFERENCE_16, _LENGTH_16),
        }:
            return _part(int.from_bytes(data[:-2], "big"), number=data[-1], total=data[-2])
    return None


def _part_of_tlvs(message: Message) -> Part | None:
    found = [message.tlvs.get(tag, b"") for tag in (SAR_REFERENCE, SAR_NUMBER, SAR_TOTAL)]
    if not all(found):
        return None
    reference, number, total = (int.from_bytes(value[:4], "big") for value in found)
    return _part(reference, number=number, total=total)


def _part(reference: int, *, number: int, total: int) -> Part | None:
    """Return a part that can be one; 1 of 1 is a whole message."""
    return Part(reference, number, total) if 1 <= number <= total and total > 1 else None
