"""The reader of frames beside pamqp, which aiormq reads with: on any traffic, cut anywhere."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.body import ContentBody
from pamqp.commands import Basic, Channel
from pamqp.header import ContentHeader

from herald.bus.wire.layout import WireError
from herald.bus.wire.properties import Properties
from herald.bus.wire.splitting import LARGEST_FRAME
from unit.shared.bus.wire.traffic import (
    OURS,
    THEIRS,
    TRAFFIC,
    Heard,
    Sent,
    content,
    hear,
    reading,
    written,
)

DELIVERY = content(
    OURS,
    Basic.Deliver("tag", 7, False, "herald.commands", "message.send"),
    Basic.Properties(message_id="id", message_type="t", headers={"x-delivery-count": 2}),
    b"x" * 100,
)
CONFIRM = Sent(OURS, written(OURS, Basic.Ack(9, True)), Basic.Ack(9, True))


def properties_of(sent: Basic.Properties) -> Properties:
    """Say what Herald reads of them."""
    return Properties(
        headers=sent.headers or {},
        correlation_id=sent.correlation_id,
        message_id=sent.message_id,
        published_at=int(sent.timestamp.timestamp()) if sent.timestamp else None,
        user_id=sent.user_id,
    )


def check(traffic: Sequence[Sent], heard: Heard) -> None:
    """Compare what was heard with what was sent, in order."""
    ours = [sent for sent in traffic if sent.is_for_us]
    deliveries = [sent for sent in ours if isinstance(sent.method, Basic.Deliver)]
    assert len(heard.deliveries) == len(deliveries)
    for received, sent in zip(heard.deliveries, deliveries, strict=True):
        method = sent.method
        assert received.channel == sent.channel
        assert received.envelope == (
            method.delivery_tag,
            method.redelivered,
            method.exchange,
            method.routing_key,
        )
        assert sent.properties is not None
        assert received.properties == properties_of(sent.properties)
        assert received.body == sent.body
    assert heard.confirms == [
        (sent.channel, sent.method.delivery_tag, sent.method.multiple, is_ack)
        for sent in ours
        if (is_ack := isinstance(sent.method, Basic.Ack)) or isinstance(sent.method, Basic.Nack)
    ]
    assert heard.returns == [
        (sent.channel, sent.properties.message_id)
        for sent in ours
        if isinstance(sent.method, Basic.Return) and sent.properties is not None
    ]
    assert heard.closes == [
        (sent.channel, f"{sent.method.reply_code} {sent.method.reply_text}")
        for sent in traffic
        if isinstance(sent.method, Channel.Close) and sent.channel != THEIRS
    ]
    assert heard.others == b"".join(sent.stream for sent in traffic if not sent.is_for_us)


@given(traffic=TRAFFIC, cuts=st.lists(st.integers(0, 10_000), max_size=6))
def test_any_traffic(traffic: list[Sent], cuts: list[int]) -> None:
    """Messages and confirms of our channels are read; all else comes out to the byte."""
    check(traffic, hear(b"".join(sent.stream for sent in traffic), cuts))


@given(traffic=TRAFFIC)
def test_one_byte_at_a_time(traffic: list[Sent]) -> None:
    """However small the pieces are that arrive, the same is read."""
    stream = b"".join(sent.stream for sent in traffic)
    check(traffic, hear(stream, range(len(stream))))


@pytest.mark.parametrize("length", range(len(DELIVERY.stream)))
def test_a_delivery_cut_at_any_byte_is_none(length: int) -> None:
    """What came whole before it is read; of it nothing is handed over."""
    heard = hear(CONFIRM.stream + DELIVERY.stream[:length])
    assert heard.deliveries == []
    assert len(heard.confirms) == 1


def test_an_empty_body_and_a_very_large_one() -> None:
    """A body may have no byte, or 128 MiB of them."""
    properties = Basic.Properties(message_id="id")
    deliver = Basic.Deliver("tag", 1, False, "e", "k")
    empty = content(OURS, deliver, properties, b"")
    check([empty], hear(empty.stream))
    part, count = b"x" * 131_064, 1024
    heard = Heard()
    splitter = reading(heard)
    splitter.feed(
        written(OURS, deliver, ContentHeader(body_size=len(part) * count, properties=properties))
    )
    frame = written(OURS, ContentBody(part))
    for _ in range(count):
        splitter.feed(frame)
    [received] = heard.deliveries
    assert len(received.body) == len(part) * count


@pytest.mark.parametrize(
    "stream",
    [
        DELIVERY.stream[:50] + CONFIRM.stream,  # a confirm where the content belongs
        written(OURS, Basic.Deliver("tag", 1, False, "e", "k"), Basic.Ack(1)),
        written(OURS, DELIVERY.method, ContentHeader(body_size=3), ContentBody(b"four")),
        CONFIRM.stream[:-1] + b"\x00",  # another last byte
        CONFIRM.stream + b"GET / HTTP/1.1\r\n\r\n" + b"x" * 8,
        b"\x01\x00\x01\x00\x00\x00\x05\x00\x3c\x00\x50\x00\xce",  # a confirm without a tag
        b"\x01\x00\x01\x00\x00\x00\x04\x00\x14\x00\x28\xce",  # a close without a reason
        CONFIRM.stream + b"\x01\x00\x01" + (LARGEST_FRAME + 1).to_bytes(4, "big") + b"x" * 8,
    ],
)
def test_what_no_broker_sends_ends_the_connection(stream: bytes) -> None:
    """Nothing after it can be read: it is an error, and nothing of it is handed over."""
    heard = Heard()
    splitter = reading(heard)
    splitter.feed(CONFIRM.stream)
    with pytest.raises(WireError):
        splitter.feed(stream)
    assert heard.deliveries == []


def test_another_protocol_is_left_to_aiormq() -> None:
    """A broker that speaks another version says so before any frame; aiormq knows how to say it."""
    assert hear(b"AMQP\x00\x01\x00\x00").others == b"AMQP\x00\x01\x00\x00"


def test_an_unknown_method_is_left_to_aiormq() -> None:
    """A frame of our channel that carries no message is not looked into."""
    unknown = b"\x01\x00\x01\x00\x00\x00\x04\x00\x3c\x00\xff\xce"
    assert hear(unknown + CONFIRM.stream).others == unknown


def test_a_channel_that_nobody_took_is_left_to_aiormq() -> None:
    """So is every frame of a channel whose number is free again."""
    theirs = written(THEIRS, Basic.Deliver("tag", 1, False, "e", "k"), Channel.CloseOk())
    assert hear(theirs).others == theirs


def test_properties_that_nobody_should_send_are_absent() -> None:
    """A time in microseconds and text that is no UTF-8 cost neither the message nor others."""
    header = b"\x00\x3c\x00\x00" + (0).to_bytes(8, "big") + b"\x00\xc0"  # an id, a time
    payload = header + b"\x02a\xff" + (1_768_824_000_000_000).to_bytes(8, "big")
    frame = b"\x02\x00\x01" + len(payload).to_bytes(4, "big") + payload + b"\xce"
    [received] = hear(written(OURS, DELIVERY.method) + frame).deliveries
    assert received.properties == Properties(message_id="a\ufffd", published_at=None)


def test_properties_end_where_their_frame_does() -> None:
    """A text that is longer than its frame is an error, not a part of the next one."""
    payload = b"\x00\x3c\x00\x00" + (0).to_bytes(8, "big") + b"\x00\x80\x09ab"
    frame = b"\x02\x00\x01" + len(payload).to_bytes(4, "big") + payload + b"\xce"
    with pytest.raises(WireError):
        hear(written(OURS, DELIVERY.method) + frame + CONFIRM.stream)
