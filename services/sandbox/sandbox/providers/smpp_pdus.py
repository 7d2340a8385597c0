"""PDUs of SMPP 3.4, as an SMSC reads and writes them. Pure.

Source: "Short Message Peer to Peer Protocol Specification v3.4", sections 3.2, 4 and 5; 3GPP TS
23.038 for the default alphabet, TS 23.040 for user data headers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

RESPONSE = 0x80000000
GENERIC_NACK = 0x80000000
BINDS = {0x01: "receiver", 0x02: "transmitter", 0x09: "transceiver"}
SUBMIT_SM, DELIVER_SM, UNBIND, ENQUIRE_LINK = 0x04, 0x05, 0x06, 0x15

HEADER_BYTES = 16
MAX_PDU_BYTES = 128 * 1024
UDH, RECEIPT = 0x40, 0x04  # bits of esm_class
USER_REFERENCE, PAYLOAD = 0x0204, 0x0424
SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER = 0x020C, 0x020E, 0x020F
RECEIPTED_ID, STATE, NETWORK_ERROR = 0x001E, 0x0427, 0x0423
UCS_2 = 0x08
LATIN_1 = 0x03

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = dict(zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """What a submit_sm says."""

    source: str
    to: str
    esm_class: int
    registered_delivery: int
    data_coding: int
    octets: bytes = field(repr=False)
    tlvs: dict[int, bytes] = field(repr=False)

    @property
    def part(self) -> tuple[int, int, int]:
        """Return reference, number and total: of a message that is whole, 1 of 1."""
        header = self.octets[1 : 1 + self.octets[0]] if self.esm_class & UDH else b""
        match header:
            case bytes() if header[:2] == b"\x00\x03":
                return header[2], header[4], header[3]
            case bytes() if header[:2] == b"\x08\x04":
                return int.from_bytes(header[2:4], "big"), header[5], header[4]
        if SAR_NUMBER in self.tlvs:
            values = (self.tlvs[tag] for tag in (SAR_REFERENCE, SAR_NUMBER, SAR_TOTAL))
            reference, number, total = (int.from_bytes(value, "big") for value in values)
            return reference, number, total
        return 0, 1, 1

    @property
    def text(self) -> str:
        """Return its text, without its header."""
        octets = self.octets[1 + self.octets[0] :] if self.esm_class & UDH else self.octets
        if self.data_coding == UCS_2:
            return octets.decode("utf-16-be", "replace")
        return octets.decode("latin-1") if self.data_coding == LATIN_1 else _from_gsm(octets)


def pdu(command: int, sequence: int, status: int = 0, body: bytes = b"") -> bytes:
    """Write a PDU."""
    return struct.pack(">IIII", HEADER_BYTES + len(body), command, status, sequence) + body


def read_bind(body: bytes) -> tuple[str, str]:
    """Read system_id and password."""
    system_id, password, _ = body.split(b"\0", 2)
    return system_id.decode("latin-1"), password.decode("latin-1")


def read_submit(body: bytes) -> Submit:
    """Read a submit_sm.

    Raises:
        ValueError: it is none.
    """
    try:
        _, rest = body.split(b"\0", 1)
        source, rest = rest[2:].split(b"\0", 1)
        to, rest = rest[2:].split(b"\0", 1)
        esm_class = rest[0]
        _, _, rest = rest[3:].split(b"\0", 2)
        registered, data_coding, length = rest[0], rest[2], rest[4]
    except IndexError:
        raise ValueError("cut off") from None
    tlvs = _read_tlvs(rest[5 + length :])
    return Submit(
        source=source.decode("latin-1"),
        to=to.decode("latin-1"),
        esm_class=esm_class,
        registered_delivery=registered,
        data_coding=data_coding,
        octets=rest[5 : 5 + length] or tlvs.get(PAYLOAD, b""),
        tlvs=tlvs,
    )


def deliver(
    source: str,
    to: str,
    octets: bytes,
    *,
    esm_class: int = 0,
    data_coding: int = 0,
    tlvs: dict[int, bytes] | None = None,
) -> bytes:
    """Write the body of a deliver_sm."""
    addresses = b"".join(b"\x01\x01" + number.encode() + b"\0" for number in (source, to))
    flags = bytes((esm_class, 0, 0)) + b"\0\0" + bytes((0, 0, data_coding, 0, len(octets)))
    parts = [struct.pack(">HH", tag, len(value)) + value for tag, value in (tlvs or {}).items()]
    return b"\0" + addresses + flags + octets + b"".join(parts)


def written(text: str, reference: int) -> list[tuple[int, int, bytes]]:
    """Write what a phone sends: the esm_class, data_coding and octets of each part."""
    codes = _to_gsm(text)
    data_coding, alone, each = (UCS_2, 140, 134) if codes is None else (0, 160, 153)
    octets = text.encode("utf-16-be") if codes is None else codes
    if len(octets) <= alone:
        return [(0, data_coding, octets)]
    parts = [octets[at : at + each] for at in range(0, len(octets), each)]
    return [
        (UDH, data_coding, bytes((5, 0, 3, reference & 0xFF, len(parts), number)) + part)
        for number, part in enumerate(parts, start=1)
    ]


def _read_tlvs(octets: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while len(octets) >= 4:  # noqa: PLR2004  tag and length
        tag, length = struct.unpack_from(">HH", octets)
        found[tag] = octets[4 : 4 + length]
        octets = octets[4 + length :]
    return found


def _from_gsm(octets: bytes) -> str:
    text, found = "", iter(octets)
    for octet in found:
        is_escape = octet == 0x1B  # noqa: PLR2004
        text += _ESCAPED.get(next(found, 0), "?") if is_escape else _BASIC[octet & 0x7F]
    return text


def _to_gsm(text: str) -> bytes | None:
    escapes = {character: bytes((0x1B, code)) for code, character in _ESCAPED.items()}
    codes = [
        escapes.get(character) or bytes((_BASIC.find(character),))
        for character in text
        if character in escapes or character in _BASIC
    ]
    return b"".join(codes) if len(codes) == len(text) else None
