"""Writing what is published and what settles deliveries. Pure."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct

from herald.bus.wire.layout import (
    ACK,
    BASIC,
    BODY,
    CONTENT,
    END,
    END_BYTE,
    FRAME,
    HEADER,
    METHOD,
    PUBLISH,
    REJECT,
    UNSIGNED_32,
    UNSIGNED_64,
    frame,
    short,
)

_PUBLISH = UNSIGNED_32.pack(PUBLISH) + b"\0\0"
_HEADER = Struct(">BHIHHQH")  # of its frame, and `CONTENT`
_SETTLEMENT = Struct(">BHIIQBB")
_SETTLEMENT_BYTES = UNSIGNED_32.size + UNSIGNED_64.size + 1  # method, tag, one bit


@lru_cache(maxsize=1024)  # exchanges and keys are few
def publish_frame(channel: int, exchange: str, routing_key: str, *, mandatory: bool) -> bytes:
    """Write the method that begins a publish.

    Raises:
        ValueError: a name is too long.
    """
    names = short(exchange) + short(routing_key)
    return frame(METHOD, channel, _PUBLISH + names + (b"\1" if mandatory else b"\0"))


def header_frame(channel: int, body_bytes: int, flags: int, properties: bytes) -> bytes:
    """Write the header of a content, with the properties that `flags` name."""
    size = CONTENT.size + len(properties)
    return _HEADER.pack(HEADER, channel, size, BASIC, 0, body_bytes, flags) + properties + END_BYTE


def body_frames(channel: int, body: bytes, most_bytes: int) -> bytes:
    """Write a body, in as many frames as it takes; none where it is empty."""
    if len(body) <= most_bytes:
        return frame(BODY, channel, body) if body else b""
    starts = range(0, len(body), most_bytes)
    return b"".join(frame(BODY, channel, body[start : start + most_bytes]) for start in starts)


def ack_frame(channel: int, tag: int, *, multiple: bool = False) -> bytes:
    """Acknowledge a delivery, or with `multiple` all up to it."""
    return _SETTLEMENT.pack(METHOD, channel, _SETTLEMENT_BYTES, ACK, tag, multiple, END)


def reject_frame(channel: int, tag: int) -> bytes:
    """Reject a delivery for good: it is dead-lettered."""
    return _SETTLEMENT.pack(METHOD, channel, _SETTLEMENT_BYTES, REJECT, tag, 0, END)


assert _HEADER.size == FRAME.size + CONTENT.size
assert _SETTLEMENT.size == FRAME.size + _SETTLEMENT_BYTES + 1
