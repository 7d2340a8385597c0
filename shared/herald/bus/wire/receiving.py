"""What comes on one channel: deliveries, returns and confirms, made of their frames. Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from herald.bus.wire.layout import (
    ACK,
    BASIC,
    BODY,
    CONTENT,
    DELIVER,
    HEADER,
    METHOD,
    NACK,
    RETURN,
    UNSIGNED_32,
    UNSIGNED_64,
    WireError,
)
from herald.bus.wire.properties import Properties, read_properties

_MULTIPLE, _REDELIVERED = 1, 1  # the only bits of their methods that matter
_METHOD_BYTES = UNSIGNED_32.size


@dataclass(slots=True)
class Received:
    """One delivery."""

    tag: int
    redelivered: bool
    exchange: str
    routing_key: str
    properties: Properties
    body: bytes


class Confirms(Protocol):
    """Takes what the broker says of publishes."""

    def settle(self, tag: int, *, multiple: bool, acked: bool) -> None:
        """Take a confirm of a publish, or of all up to it."""
        ...

    def returned(self, message_id: str | None) -> None:
        """Take a message that no queue takes; its confirm follows."""
        ...


class ChannelReader:
    """Takes the frames of one channel that carry messages or confirms, and leaves all others."""

    def __init__(
        self,
        deliver: Callable[[Received], None] | None = None,
        confirms: Confirms | None = None,
    ) -> None:
        self._deliver = deliver
        self._confirms = confirms
        self._envelope: tuple[int, bool, str, str] | None = None  # of a delivery; None: a return
        self._awaits = METHOD
        self._properties = Properties()
        self._missing = 0  # bytes of the body
        self._parts: list[bytes] = []

    def take(self, kind: int, data: bytes, at: int, end: int) -> bool:
        """Take a frame whose payload is `data[at:end]`; False: it is for somebody else.

        Raises:
            WireError: it can't stand where it does, or does not hold what it must.
        """
        try:
            if self._awaits == METHOD:
                return kind == METHOD and self._take_method(data, at, end)
            if kind != self._awaits:
                raise WireError("a content is not followed by what belongs to it")
            if kind == HEADER:
                self._take_header(data, at, end)
            else:
                self._take_body(data[at:end])
        except (struct.error, IndexError) as error:
            raise WireError("a frame is shorter than what it holds") from error
        return True

    def _take_method(self, data: bytes, at: int, end: int) -> bool:
        [method] = UNSIGNED_32.unpack_from(data, at)
        at += _METHOD_BYTES
        if method == DELIVER and self._deliver is not None:
            self._envelope = _read_deliver(data, at, end)
        elif method in {ACK, NACK} and self._confirms is not None:
            if end - at != UNSIGNED_64.size + 1:
                raise WireError("a confirm of another size")
            [tag] = UNSIGNED_64.unpack_from(data, at)
            multiple = bool(data[end - 1] & _MULTIPLE)
            self._confirms.settle(tag, multiple=multiple, acked=method == ACK)
            return True
        elif method == RETURN and self._confirms is not None:
            self._envelope = None
        else:
            return False
        self._awaits = HEADER
        return True

    def _take_header(self, data: bytes, at: int, end: int) -> None:
        kind, _, size, flags = CONTENT.unpack_from(data, at)
        if kind != BASIC:
            raise WireError("a content of another class")
        self._properties = read_properties(data, flags, at + CONTENT.size, end)
        self._missing = size
        if size:
            self._awaits = BODY
        else:
            self._finish(b"")

    def _take_body(self, part: bytes) -> None:
        self._missing -= len(part)
        if self._missing < 0:
            raise WireError("a body longer than announced")
        if self._missing:
            self._parts.append(part)
        elif self._parts:
            body = b"".join((*self._parts, part))
            self._parts = []
            self._finish(body)
        else:
            self._finish(part)

    def _finish(self, body: bytes) -> None:
        self._awaits = METHOD
        if self._envelope is None:
            if self._confirms is not None:
                self._confirms.returned(self._properties.message_id)
        elif self._deliver is not None:
            self._deliver(Received(*self._envelope, self._properties, body))


def _read_deliver(data: bytes, at: int, end: int) -> tuple[int, bool, str, str]:
    at += data[at] + 1  # the consumer's tag: a channel has one consumer
    [tag] = UNSIGNED_64.unpack_from(data, at)
    at += UNSIGNED_64.size
    redelivered = bool(data[at] & _REDELIVERED)
    middle = at + 2 + data[at + 1]
    exchange = data[at + 2 : middle].decode("utf-8", "replace")
    last = middle + 1 + data[middle]
    if last != end:
        raise WireError("a delivery of another size")
    return tag, redelivered, exchange, data[middle + 1 : last].decode("utf-8", "replace")
