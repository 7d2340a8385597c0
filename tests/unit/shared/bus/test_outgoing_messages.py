"""A message's bytes on the wire."""

from __future__ import annotations

from typing import Any

import pamqp.frame
import pytest
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from herald.bus.outgoing_messages import OutgoingMessage, encode


def _message(**changes: Any) -> OutgoingMessage:
    values: dict[str, Any] = {
        "exchange": "e",
        "routing_key": "k",
        "body": b"body",
        "message_id": "id",
        "type": "t",
    }
    return OutgoingMessage(**(values | changes))


def _encoded(message: OutgoingMessage, max_content_bytes: int = 4096) -> bytes:
    return encode(message, channel_number=3, max_content_bytes=max_content_bytes, app_id="app")


def _decoded(data: bytes) -> list[Any]:
    parts = []
    while data:
        size, channel, part = pamqp.frame.unmarshal(data)
        assert channel == 3
        parts.append(part)
        data = data[size:]
    return parts


def test_message_becomes_method_header_and_body() -> None:
    """A message is published with everything its consumer relies on."""
    publish, header, body = _decoded(_encoded(_message(correlation_id="c", headers={"h": 1})))
    assert isinstance(publish, Basic.Publish)
    assert (publish.exchange, publish.routing_key, publish.mandatory) == ("e", "k", True)
    assert isinstance(header, ContentHeader)
    properties = header.properties
    assert (properties.message_id, properties.message_type) == ("id", "t")
    assert (properties.correlation_id, properties.headers) == ("c", {"h": 1})
    assert (properties.app_id, properties.delivery_mode) == ("app", 2)
    assert body.value == b"body"


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 250])
def test_body_is_cut_to_the_frame_size(size: int) -> None:
    """A body of any length is sent in pieces no longer than the connection allows."""
    header, *pieces = _decoded(_encoded(_message(body=b"x" * size), max_content_bytes=100))[1:]
    assert header.body_size == size
    assert all(isinstance(piece, ContentBody) and len(piece.value) <= 100 for piece in pieces)
    assert sum(len(piece.value) for piece in pieces) == size


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"routing_key": "k" * 256}, "encoded"),
        ({"message_id": "m" * 256}, "encoded"),
        ({"headers": {"h": object()}}, "encoded"),
        ({"headers": {"h": "x" * 5000}}, "too large"),
    ],
)
def test_what_the_wire_can_not_carry_is_refused(changes: dict[str, Any], reason: str) -> None:
    """A message that would break the connection is refused before a byte is sent."""
    with pytest.raises(ValueError, match=reason):
        _encoded(_message(**changes))
