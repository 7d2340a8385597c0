"""Traffic as a broker sends it, written by pamqp, and what pamqp reads of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import pamqp.frame
from hypothesis import strategies as st
from pamqp.body import ContentBody
from pamqp.commands import Basic, Channel, Connection, Queue
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from herald.bus.wire.properties import Properties
from herald.bus.wire.receiving import ChannelReader, Envelope
from herald.bus.wire.splitting import Splitter

OURS, ALSO_OURS, THEIRS = 1, 2, 3  # channels; aiormq's own is 0
MOST_BODY = 40  # bytes of a frame of a body

TEXT = st.text(min_size=1, max_size=20)
NAMES = st.text("abcXYZ019-_.:", max_size=20)  # of exchanges, as pamqp takes them
MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001  hypothesis wants naive bounds
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))
HEADERS = st.dictionaries(
    TEXT,
    st.text(max_size=10) | st.integers(-(2**31), 2**31 - 1) | st.booleans(),
    max_size=4,
)
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "content_type": TEXT,
        "content_encoding": TEXT,
        "headers": HEADERS,
        "delivery_mode": st.integers(1, 2),
        "priority": st.integers(0, 9),
        "correlation_id": TEXT,
        "reply_to": TEXT,
        "expiration": st.just("1000"),
        "message_id": TEXT,
        "timestamp": MOMENTS,
        "message_type": TEXT,
        "user_id": TEXT,
        "app_id": TEXT,
    },
)
TAGS = st.integers(1, 2**63 - 1)  # as pamqp writes them
BODIES = st.binary(max_size=3 * MOST_BODY)


class Received(NamedTuple):
    """A delivery on one of our channels."""

    channel: int
    envelope: Envelope
    properties: Properties
    body: bytes


@dataclass(slots=True)
class Heard:
    """What a reader made of some traffic."""

    deliveries: list[Received] = field(default_factory=list)
    confirms: list[tuple[int, int, bool, bool]] = field(default_factory=list)
    returns: list[tuple[int, str | None]] = field(default_factory=list)
    closes: list[tuple[int, str]] = field(default_factory=list)
    others: bytes = b""


class Listening:
    """A `Confirms` that keeps what it hears."""

    def __init__(self, heard: Heard, channel: int) -> None:
        self._heard, self._channel = heard, channel

    def settle(self, tag: int, *, multiple: bool, acked: bool) -> None:
        self._heard.confirms.append((self._channel, tag, multiple, acked))

    def returned(self, message_id: str | None) -> None:
        self._heard.returns.append((self._channel, message_id))


def reading(heard: Heard) -> Splitter:
    """Make a reader of two channels."""
    splitter = Splitter()
    for channel in (OURS, ALSO_OURS):
        splitter.channels[channel] = ChannelReader(
            deliver=lambda *received, channel=channel: heard.deliveries.append(
                Received(channel, *received)
            ),
            confirms=Listening(heard, channel),
            closed=partial(_note_close, heard, channel),
        )
    return splitter


def _note_close(heard: Heard, channel: int, reason: str) -> None:
    heard.closes.append((channel, reason))


def hear(stream: bytes, cuts: Sequence[int] = ()) -> Heard:
    """Read a stream that arrives in pieces, cut at these places."""
    heard = Heard()
    splitter = reading(heard)
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for begin, end in pairwise(places):
        heard.others += splitter.feed(stream[begin:end])
    heard.others += splitter.end()
    return heard


def written(channel: int, *frames: Any) -> bytes:
    """Write frames as a broker would."""
    return b"".join(pamqp.frame.marshal(frame, channel) for frame in frames)


@dataclass(frozen=True, slots=True)
class Sent:
    """Some frames of a channel that belong together, and what they are."""

    channel: int
    stream: bytes
    method: Any
    properties: Basic.Properties | None = None
    body: bytes = b""

    @property
    def is_for_us(self) -> bool:
        """Whether they carry a message or a confirm of one of our channels."""
        kinds = (Basic.Deliver, Basic.Return, Basic.Ack, Basic.Nack)
        return self.channel in {OURS, ALSO_OURS} and isinstance(self.method, kinds)


def content(channel: int, method: Any, properties: Basic.Properties, body: bytes) -> Sent:
    """Write a method with its content, the body in several frames."""
    header = ContentHeader(body_size=len(body), properties=properties)
    parts = [body[at : at + MOST_BODY] for at in range(0, len(body), MOST_BODY)]
    stream = written(channel, method, header, *map(ContentBody, parts))
    return Sent(channel, stream, method, properties, body)


@st.composite
def contents(draw: st.DrawFn) -> Sent:
    """Draw a delivery, a return or a message that was fetched."""
    channel = draw(st.sampled_from([OURS, ALSO_OURS, THEIRS]))
    names = {"exchange": draw(NAMES), "routing_key": draw(TEXT)}
    method = draw(st.sampled_from(["deliver", "return", "get"]))
    made: Any
    if method == "deliver":
        made = Basic.Deliver("tag", draw(TAGS), draw(st.booleans()), **names)
    elif method == "return":
        made = Basic.Return(312, "NO_ROUTE", **names)
    else:
        made = Basic.GetOk(draw(TAGS), draw(st.booleans()), message_count=3, **names)
    properties: Any = draw(PROPERTIES)
    return content(channel, made, Basic.Properties(**properties), draw(BODIES))


@st.composite
def singles(draw: st.DrawFn) -> Sent:
    """Draw a frame without a content."""
    channel = draw(st.sampled_from([OURS, ALSO_OURS, THEIRS]))
    frame = draw(
        st.sampled_from(
            [
                Basic.Ack(draw(TAGS), draw(st.booleans())),
                Basic.Nack(draw(TAGS), draw(st.booleans()), draw(st.booleans())),
                Basic.ConsumeOk("tag"),
                Basic.Cancel("tag", True),
                Queue.DeclareOk("q", 1, 2),
                Channel.Close(404, "NOT_FOUND", 60, 40),
                Channel.CloseOk(),
            ]
        )
    )
    return Sent(channel, written(channel, frame), frame)


OTHERS = st.sampled_from([Heartbeat(), Connection.Blocked("low on memory"), Connection.Unblocked()])
TRAFFIC = st.lists(
    contents() | singles() | OTHERS.map(lambda frame: Sent(0, written(0, frame), frame)),
    max_size=8,
)
