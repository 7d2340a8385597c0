"""A message ready to be published, and its bytes on the wire."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pamqp.encode import field_table as encode_table

from herald.bus.wire.layout import UNSIGNED_64, short
from herald.bus.wire.properties import (
    APP_ID,
    CONTENT_TYPE,
    CORRELATION_ID,
    DELIVERY_MODE,
    HEADERS,
    MESSAGE_ID,
    TIMESTAMP,
    TYPE,
    USER_ID,
)
from herald.bus.wire.writing import body_frames, header_frame, publish_frame

_NO_HEADERS: Mapping[str, Any] = {}
_JSON = short("application/json")
_PERSISTENT = b"\2"
_JSON_PERSISTENT = _JSON + _PERSISTENT
_ALWAYS = CONTENT_TYPE | DELIVERY_MODE | MESSAGE_ID | TIMESTAMP | TYPE | APP_ID


class OutgoingMessage(NamedTuple):
    """One message to publish. `message_id` is stable: a republish has the same one."""

    exchange: str
    routing_key: str
    body: bytes
    message_id: str
    type: str
    correlation_id: str | None = None
    headers: Mapping[str, Any] = _NO_HEADERS
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
        flags, properties = _properties(message, app_id, user_id)
        method = publish_frame(
            channel_number, message.exchange, message.routing_key, mandatory=message.mandatory
        )
    except (TypeError, ValueError, OverflowError, AttributeError, struct.error) as error:
        # only the type of the error: its text may hold the header's value
        raise ValueError(f"can't be encoded ({type(error).__name__})") from None
    header = header_frame(channel_number, len(message.body), flags, properties)
    if max(len(method), len(header)) > max_content_bytes:
        raise ValueError("headers too large for one AMQP frame")  # it would end the connection
    return method + header + body_frames(channel_number, message.body, max_content_bytes)


def _properties(message: OutgoingMessage, app_id: str, user_id: str | None) -> tuple[int, bytes]:
    """Write a message's properties, in their order, and the flags that name them."""
    flags = _ALWAYS if user_id is None else _ALWAYS | USER_ID
    first, correlation = _JSON_PERSISTENT, b""
    if message.headers:
        flags |= HEADERS
        first = _JSON + encode_table(dict(message.headers)) + _PERSISTENT
    if message.correlation_id is not None:
        flags |= CORRELATION_ID
        correlation = short(message.correlation_id)
    now = UNSIGNED_64.pack(int(time.time()))
    last = _last_properties(message.type, user_id, app_id)
    return flags, b"".join((first, correlation, short(message.message_id), now, last))


@lru_cache(maxsize=256)  # types are few
def _last_properties(kind: str, user_id: str | None, app_id: str) -> bytes:
    return b"".join(map(short, (kind, app_id) if user_id is None else (kind, user_id, app_id)))
