"""The size of frames that a broker offers, and what aiormq is shown of it."""

from __future__ import annotations

import pytest
from pamqp.commands import Basic, Connection
from pamqp.heartbeat import Heartbeat

from herald.bus.wire.tuning import MOST_FRAME_BYTES, limited
from unit.shared.bus.wire.traffic import OURS, written

BEFORE, AFTER = written(0, Heartbeat()), written(OURS, Basic.Ack(1))


@pytest.mark.parametrize(
    ("offered", "shown"),
    [
        (0, MOST_FRAME_BYTES),
        (4096, 4096),
        (MOST_FRAME_BYTES, MOST_FRAME_BYTES),
        (MOST_FRAME_BYTES + 1, MOST_FRAME_BYTES),
        (2**32 - 1, MOST_FRAME_BYTES),
    ],
)
def test_an_offer_is_cut_down_to_ours(offered: int, shown: int) -> None:
    """Zero is no limit; all else of the offer, and around it, stays to the byte."""
    stream = BEFORE + written(0, Connection.Tune(2047, offered, 60)) + AFTER
    assert limited(stream) == BEFORE + written(0, Connection.Tune(2047, shown, 60)) + AFTER


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        BEFORE + AFTER,
        b"AMQP\x00\x00\x09\x01",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        written(OURS, Connection.Tune(2047, 0, 60)),  # on another channel than the connection's
        written(0, Connection.Tune(2047, 0, 60))[:-1],
    ],
)
def test_what_holds_no_offer_is_let_be(stream: bytes) -> None:
    """Other frames, and what is none."""
    assert limited(stream) is None
