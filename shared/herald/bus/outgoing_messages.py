"""A message ready to be published, and its bytes on the wire."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import pamqp.frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

_CONTENT_TYPE = "application/json"
_PERSISTENT = 2
_MAX_KEY_BYTES = 255


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to publish. `message_id` is stable: a republish has the same one."""

    exchange: str
    routing_key: str
    body: bytes
    message_id: str
    type: str
    correlation_id: str | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    mandatory: bool = True  # False only where it is normal that no queue is bound: public events


def encode(
    message: OutgoingMessage,
    *,
    channel_number: int,
    max_content_bytes: int,
    app_id: str,
    user_id: str | None = None,
) -> bytes:
    """Marshal a whole publish: method, properties and body.

    `user_id`: who publishes it; the broker takes it from nobody else.

    Raises:
        ValueError: its key is too long or a property or header can't be encoded.
    """
    try:
        properties = _properties(message, app_id, user_id)
        parts = [
            _method(message.exchange, message.routing_key, message.mandatory, channel_number),
            pamqp.frame.marshal(
                ContentHeader(body_size=len(message.body), properties=properties),
                channel_number,
            ),
        ]
    except (TypeError, ValueError, OverflowError, AttributeError, struct.error) as error:
        # only the type of the error: its text may hold the header's value
        raise ValueError(f"can't be encoded ({type(error).__name__})") from None
    if max(map(len, parts)) > max_content_bytes:
        raise ValueError("headers too large for one AMQP frame")  # it would end the connection
    parts += [
        pamqp.frame.marshal(ContentBody(chunk), channel_number)
        for chunk in _chunks(message.body, max_content_bytes)
    ]
    return b"".join(parts)


@lru_cache(maxsize=1024)  # exchanges and keys are few
def _method(exchange: str, routing_key: str, mandatory: bool, channel_number: int) -> bytes:
    if len(routing_key.encode()) > _MAX_KEY_BYTES:
        raise ValueError("routing key over 255 bytes")
    publish = Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=mandatory)
    return pamqp.frame.marshal(publish, channel_number)


def _properties(message: OutgoingMessage, app_id: str, user_id: str | None) -> Basic.Properties:
    return Basic.Properties(
        content_type=_CONTENT_TYPE,
        headers=dict(message.headers) if message.headers else None,
        delivery_mode=_PERSISTENT,
        correlation_id=message.correlation_id,
        message_id=message.message_id,
        timestamp=datetime.now(UTC),
        message_type=message.type,
        app_id=app_id,
        user_id=user_id,
    )


def _chunks(body: bytes, size: int) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))
