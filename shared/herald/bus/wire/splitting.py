"""Splits what a broker sends: messages and confirms of some channels, and all the rest. Pure."""

from __future__ import annotations

from typing import Protocol

from herald.bus.wire.layout import AROUND, END, FRAME, WireError

LARGEST_FRAME = 1024 * 1024  # of a payload; 128 KiB are agreed on at most: `tuning`
_PAYLOAD_AT = FRAME.size


class Taker(Protocol):
    """Takes frames of one channel: `herald.bus.wire.receiving.ChannelReader`."""

    def take(self, kind: int, data: bytes, at: int, end: int) -> bool: ...


class Splitter:
    """Reads a stream of frames, cut anywhere.

    `channels` are those whose frames are offered to a taker. What nobody takes comes out as it
    came, to the byte, for aiormq to read. A broker of another version begins with what is no frame;
    then all of it does, so that aiormq says what is wrong.
    """

    def __init__(self) -> None:
        self.channels: dict[int, Taker] = {}
        self._left = b""
        self._has_begun = False
        self._is_foreign = False  # what comes is not made of frames

    def feed(self, data: bytes) -> bytes:
        """Take bytes in; return those that are for aiormq.

        Raises:
            WireError: it is no frame, or one for a taker that is wrong.
        """
        if self._is_foreign:
            return data
        if self._left:
            data = self._left + data
        at, kept, size = 0, [], len(data)
        begin = 0  # of what nobody took
        channels, read_frame = self.channels, FRAME.unpack_from
        while size - at >= AROUND:
            kind, channel, length = read_frame(data, at)
            end = at + AROUND + length
            if end > size or data[end - 1] != END:
                if end > size and length <= LARGEST_FRAME:
                    break
                if self._has_begun:
                    raise WireError("what the broker sent is no frame")
                self._is_foreign, at = True, size
                break
            self._has_begun = True
            taker = channels.get(channel)
            if taker is not None and taker.take(kind, data, at + _PAYLOAD_AT, end - 1):
                if begin < at:
                    kept.append(data[begin:at])
                begin = end
            at = end
        self._left = data[at:]
        if begin < at:
            kept.append(data[begin:at])
        return kept[0] if len(kept) == 1 else b"".join(kept)

    def end(self) -> bytes:
        """Return what is left of a frame that never came whole."""
        left, self._left = self._left, b""
        return left
