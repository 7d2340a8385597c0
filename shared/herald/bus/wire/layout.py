"""How AMQP 0-9-1 lays out what is read and written here. Pure.

Source: the AMQP 0-9-1 specification, sections 2.3.5 (frames), 4.2.5 (fields) and 4.2.6 (content),
and RabbitMQ's `basic.nack`.
"""

from __future__ import annotations

from struct import Struct

METHOD, HEADER, BODY = 1, 2, 3  # kinds of frames
END = 0xCE  # the last byte of each
END_BYTE = bytes([END])

FRAME = Struct(">BHI")  # kind, channel, size of the payload
AROUND = FRAME.size + 1  # the bytes of a frame that are not payload
UNSIGNED_64 = Struct(">Q")
UNSIGNED_32 = Struct(">I")
UNSIGNED_16 = Struct(">H")
# of a content header: class, weight, size of the body, which properties follow
CONTENT = Struct(">HHQH")

BASIC = 60  # the class
PUBLISH = BASIC << 16 | 40
RETURN = BASIC << 16 | 50
DELIVER = BASIC << 16 | 60
ACK = BASIC << 16 | 80
REJECT = BASIC << 16 | 90
NACK = BASIC << 16 | 120

CHANNEL_CLOSE = 20 << 16 | 40

HEARTBEAT = FRAME.pack(8, 0, 0) + END_BYTE

LONGEST_SHORT = 255  # bytes of a short string


class WireError(Exception):
    """The broker sent what no frame can be: nothing after it can be read."""


def short(text: str) -> bytes:
    """Write a short string.

    Raises:
        ValueError: it is longer than one can be.
    """
    encoded = text.encode()
    if len(encoded) > LONGEST_SHORT:
        raise ValueError("over 255 bytes")
    return bytes((len(encoded),)) + encoded


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    """Write a frame."""
    return FRAME.pack(kind, channel, len(payload)) + payload + END_BYTE
