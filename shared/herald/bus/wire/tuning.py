"""How large frames may be on a connection. Pure.

Source: AMQP 0-9-1, `connection.tune`: the broker offers a size, 0 for any, and the client answers
with one that is not above it. aiormq answers with what it was offered; so it is shown an offer
that Herald can read and write by.
"""

from __future__ import annotations

from struct import Struct

from herald.bus.wire.layout import AROUND, FRAME, METHOD

MOST_FRAME_BYTES = 128 * 1024  # of a whole frame; RabbitMQ's own offer, unless it is configured

_TUNE = 10 << 16 | 30
_OFFER = Struct(">IHIH")  # method, most channels, largest frame, seconds between heartbeats


def limited(frames: bytes) -> bytes | None:
    """Return these frames with the offer among them cut down to ours; None: there is no offer."""
    at = 0
    while at + AROUND <= len(frames):
        kind, channel, length = FRAME.unpack_from(frames, at)
        begin, at = at + FRAME.size, at + AROUND + length
        if (kind, channel, length) == (METHOD, 0, _OFFER.size) and at <= len(frames):
            method, channels, offered, heartbeat = _OFFER.unpack_from(frames, begin)
            if method == _TUNE:
                size = min(offered or MOST_FRAME_BYTES, MOST_FRAME_BYTES)
                offer = _OFFER.pack(method, channels, size, heartbeat)
                return frames[:begin] + offer + frames[begin + len(offer) :]
    return None
