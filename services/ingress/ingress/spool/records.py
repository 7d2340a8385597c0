"""A frame as one line of a file, and back.

A line is the CRC-32 of its text, a space, and the text: a JSON object. The checksum tells a line
that a crash or a disk cut short.
"""

from __future__ import annotations

import zlib

from pydantic import BaseModel, ConfigDict, ValidationError

from herald.bus.outgoing_messages import OutgoingMessage

_CHECKSUM_DIGITS = 8


class _Record(BaseModel):
    """A frame that ingress publishes: its body is JSON and its headers are texts."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    exchange: str
    routing_key: str
    message_id: str
    type: str
    headers: dict[str, str]
    body: str


def line_of(frame: OutgoingMessage) -> bytes:
    """Write a frame as a line, its end included."""
    text = (
        _Record(
            exchange=frame.exchange,
            routing_key=frame.routing_key,
            message_id=frame.message_id,
            type=frame.type,
            headers=dict(frame.headers),
            body=frame.body.decode(),
        )
        .model_dump_json()
        .encode()
    )
    return _checksum(text) + b" " + text + b"\n"


def frame_of(line: bytes) -> OutgoingMessage:
    """Read a line, with its end or without.

    Raises:
        ValueError: it is not whole; the text quotes nothing of it.
    """
    checksum, _, text = line.rstrip(b"\n").partition(b" ")
    if checksum != _checksum(text):
        raise ValueError("its checksum is wrong")
    try:
        record = _Record.model_validate_json(text)
    except ValidationError:
        raise ValueError("not a frame") from None
    return OutgoingMessage(
        exchange=record.exchange,
        routing_key=record.routing_key,
        body=record.body.encode(),
        message_id=record.message_id,
        type=record.type,
        headers=record.headers,
    )


def _checksum(text: bytes) -> bytes:
    return f"{zlib.crc32(text):0{_CHECKSUM_DIGITS}x}".encode()
