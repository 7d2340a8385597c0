"""A million frames of random traffic are read as pamqp reads them, cut anywhere."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from pamqp.commands import Basic, Channel, Connection
from pamqp.heartbeat import Heartbeat

from chaos.size import SHORT, SIZE
from unit.shared.bus.wire.test_reading import check
from unit.shared.bus.wire.traffic import (
    ALSO_OURS,
    OURS,
    THEIRS,
    Heard,
    Sent,
    content,
    reading,
    written,
)

FRAMES = 1_000_000 if SIZE is not SHORT else 20_000
AT_ONCE = 500  # sent before they are compared
LONGEST_CUT = 4096


def test_very_much_random_traffic() -> None:
    """In whatever pieces it comes: each message and confirm once, all else to the byte."""
    draw = random.Random(1)  # noqa: S311  not a secret
    heard = Heard()
    splitter = reading(heard)
    frames = 0
    while frames < FRAMES:
        traffic = [_drawn(draw) for _ in range(AT_ONCE)]
        stream = b"".join(sent.stream for sent in traffic)
        for piece in _pieces(draw, stream):
            heard.others += splitter.feed(piece)
        check(traffic, heard)
        frames += sum(_frames(sent) for sent in traffic)
        heard.deliveries.clear()
        heard.confirms.clear()
        heard.returns.clear()
        heard.others = b""


def _pieces(draw: random.Random, stream: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(stream):
        size = draw.randint(1, LONGEST_CUT)
        yield stream[at : at + size]
        at += size


def _frames(sent: Sent) -> int:
    has_content = sent.properties is not None
    return 2 + -(-len(sent.body) // 40) if has_content else 1


def _drawn(draw: random.Random) -> Sent:
    channel = draw.choice([OURS, OURS, ALSO_OURS, THEIRS])
    tag, bit = draw.randint(1, 2**63 - 1), draw.random() < 0.5
    kind = draw.randrange(8)
    if kind == 0:
        frame = draw.choice([Heartbeat(), Connection.Blocked("memory"), Connection.Unblocked()])
        return Sent(0, written(0, frame), frame)
    single: Any = {
        1: Basic.Ack(tag, bit),
        2: Basic.Nack(tag, bit),
        3: draw.choice([Basic.CancelOk("tag"), Channel.CloseOk(), Basic.QosOk()]),
    }.get(kind)
    if single is not None:
        return Sent(channel, written(channel, single), single)
    properties = Basic.Properties(
        message_id=f"id-{tag}",
        message_type=draw.choice([None, "work", "receipt"]),
        correlation_id=draw.choice([None, "c" * draw.randint(1, 200)]),
        headers={"x-delivery-count": draw.randint(0, 20)} if bit else None,
        delivery_mode=2,
    )
    method: Any = Basic.Deliver("tag", tag, bit, "herald.commands", "message.send")
    if kind == 4:
        method = Basic.Return(312, "NO_ROUTE", "herald.events", "nobody")
    return content(channel, method, properties, draw.randbytes(draw.randint(0, 120)))
