"""What comes on one channel: deliveries, returns and confirms, made of their frames. Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, Protocol

from herald.bus.wire.layout import (
    ACK,
    BASIC,
    BODY,
    CHANNEL_CLOSE,
    CONTENT,
    DELIVER,
    HEADER,
    METHOD,
    NACK,
    RETURN,
    UNSIGNED_16,
    UNSIGNED_32,
    UNSIGNED_64,
    WireError,
)
from herald.bus.wire.properties import Properties, read_properties

_MULTIPLE, _REDELIVERED = 1, 1  # the only bits of their methods that matter
_METHOD_BYTES = UNSIGNED_32.size


class Envelope(NamedTuple):
    """What stands around a delivery."""

    tag: int
    redelivered: bool
    exchange: str
    routing_key: str


Deliver = Callable[[Envelope, Properties, bytes], None]
Closed = Callable[[str], None]


class Confirms(Protocol):
    """Takes what the broker says of publishes."""

    def settle(self, tag: int, *, multiple: bool, acked: bool) -> None:
        """Take a confirm of a publish, or of all up to it."""
        ...

    def returned(self, message_id: str | None) -> None:
        """Take a message that no queue takes; its confirm follows."""
        ...


class ChannelReader:
    """Takes the frames of one channel that carry messages or confirms, and leaves all others.

    `closed` is called with the broker's reason for closing the channel; the close is left, too.
    """

    def __init__(
        self,
        deliver: Deliver | None = None,
        confirms: Confirms | None = None,
        closed: Closed | None = None,
    ) -> None:
        self._deliver = deliver
        self._confirms = confirms
        self._closed = closed
        self._envelope: Envelope | None = None  # of a delivery; None: a return
        self._awaits = METHOD
        self._properties = Properties()
        self._missing = 0  # bytes of the body
        self._parts: list[bytes] = []

    def take(self, kind: int, data: bytes, at: int, end: int) -> bool:
        """Take a frame whose payload is `data[at:end]`; False: it is for somebody else.

        Raises:
            WireError: it can't stand where it does, or does not hold what it must.
        """
        if kind != self._awaits:
            if self._awaits == METHOD:
                return False
            raise WireError("a content is not followed by what belongs to it")
        try:
            if kind == METHOD:
                return self._take_method(data, at, end)
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
            if method == CHANNEL_CLOSE and self._closed is not None:
                self._closed(_read_reason(data, at, end))
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
        if not self._missing:
            self._finish(b"".join((*self._parts, part)) if self._parts else part)
        else:
            self._parts.append(part)

    def _finish(self, body: bytes) -> None:
        self._awaits = METHOD
        if self._parts:
            self._parts = []
        if self._envelope is None:
            if self._confirms is not None:
                self._confirms.returned(self._properties.message_id)
        elif self._deliver is not None:
            self._deliver(self._envelope, self._properties, body)


def _read_deliver(data: bytes, at: int, end: int) -> Envelope:
    at += data[at] + 1  # the consumer's tag: a channel has one consumer
    [tag] = UNSIGNED_64.unpack_from(data, at)
    at += UNSIGNED_64.size
    return Envelope(tag, bool(data[at] & _REDELIVERED), *_names(data[at + 1 : end]))


@lru_cache(maxsize=1024)  # exchanges and keys are few
def _names(data: bytes) -> tuple[str, str]:
    """Read two short strings that are all of `data`."""
    middle = 1 + data[0]
    if middle + 1 + data[middle] != len(data):
        raise WireError("a delivery of another size")
    exchange, key = data[1:middle], data[middle + 1 :]
    return exchange.decode("utf-8", "replace"), key.decode("utf-8", "replace")


def _read_reason(data: bytes, at: int, end: int) -> str:
    """Read a reply code and text, in front of the method that the broker complains of."""
    [code] = UNSIGNED_16.unpack_from(data, at)
    at += UNSIGNED_16.size
    length = data[at]
    if at + 1 + length + UNSIGNED_32.size != end:
        raise WireError("a close of another size")
    return f"{code} {data[at + 1 : at + 1 + length].decode('utf-8', 'replace')}"
