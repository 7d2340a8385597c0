"""A delivery: one message received, and the only way to settle it, on the channel it came on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, NamedTuple

from aiormq.exceptions import AMQPError

from herald.bus.cancellation import own_cancellation_only
from herald.bus.channels import WiredChannel
from herald.bus.library_internals import written
from herald.bus.wire.properties import Properties
from herald.bus.wire.receiving import Envelope
from herald.bus.wire.writing import ack_frame, reject_frame

_WRITE_PATIENCE_SECONDS = 1.0


class Settlement(NamedTuple):
    """What is said of a delivery, or with `multiple` of all up to it."""

    tag: int
    is_good: bool = True  # acknowledged; else rejected
    multiple: bool = False

    def frame(self, channel: int) -> bytes:
        """Write it."""
        if self.is_good:
            return ack_frame(channel, self.tag, multiple=self.multiple)
        return reject_frame(channel, self.tag)


class ReceivingChannel:
    """The AMQP channel deliveries came on. Tags mean nothing on any other."""

    __slots__ = ("_turn", "_waiting", "channel", "given_back", "outstanding")

    def __init__(self, channel: WiredChannel) -> None:
        self.channel = channel
        self.given_back = False  # what is not settled returns to the queue: settle nothing more
        self.outstanding: dict[int, None] = {}  # tags received and not settled, in order
        self._turn = asyncio.Lock()  # one that overtook an earlier one would close the channel
        self._waiting = 0  # for their turn, or having it

    @property
    def unsettled(self) -> int:
        """How many deliveries of the channel are not settled."""
        return len(self.outstanding)

    @property
    def is_open(self) -> bool:
        """False once it is lost or given back: the broker delivers again what was not settled."""
        return not self.given_back and not self.channel.is_closed

    async def flush(self) -> None:
        """Wait until everything written so far has left for the broker, a moment at most."""
        with contextlib.suppress(TimeoutError, AMQPError, OSError, RuntimeError):
            async with asyncio.timeout(_WRITE_PATIENCE_SECONDS):
                with own_cancellation_only():
                    await written(self.channel.amqp)

    async def write(self, settlements: Sequence[Settlement]) -> bool:
        """Send settlements in one write; False when the channel was lost first."""
        number = self.channel.number
        frames = b"".join([settlement.frame(number) for settlement in settlements])
        try:
            if not self._waiting and self.is_open and self.channel.is_free:
                self.channel.write_now(frames)
                return True
            return await self._write_in_turn(frames)
        except (AMQPError, OSError, RuntimeError):
            return False

    async def _write_in_turn(self, frames: bytes) -> bool:
        self._waiting += 1
        try:
            async with self._turn:
                while self.is_open:  # a connection that died takes nothing, hence the patience
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_WRITE_PATIENCE_SECONDS):
                            await self.channel.write(frames)
                            return True
        finally:
            self._waiting -= 1
        return False


@dataclass(slots=True, kw_only=True, eq=False)
class Delivery:
    """One message received. Settled once: acknowledged, or rejected to `herald.dead`."""

    body: bytes
    routing_key: str = ""
    exchange: str = ""
    message_id: str | None = None
    correlation_id: str | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    redelivered: bool = False
    published_at: int | None = None  # in seconds since the epoch, by the publisher's clock
    user_id: str | None = None  # validated by the broker when set
    tag: int = 0
    received_on: ReceivingChannel | None = None  # None only for deliveries made by hand in tests
    rejected: bool = False  # marked; sent when the batch is settled
    settled: bool = False

    @property
    def delivery_count(self) -> int:
        """How many earlier deliveries of it ended without a settlement."""
        count = self.headers.get("x-delivery-count", 0)
        return count if isinstance(count, int) else 0

    @property
    def is_live(self) -> bool:
        """It can still be settled: its channel is open. Otherwise it will be delivered again."""
        return self.received_on is None or self.received_on.is_open

    def reject(self) -> None:
        """Mark it bad: it is dead-lettered when the handler returns, alone of its batch."""
        self.rejected = True

    async def ack(self) -> bool:
        """Acknowledge it now; False when its channel is gone and it will be delivered again."""
        return bool(await settle([self]))

    async def dead_letter(self) -> bool:
        """Reject it to `herald.dead` now; False when its channel is gone."""
        self.reject()
        return bool(await settle([self]))


async def settle(deliveries: Iterable[Delivery]) -> int:
    """Settle deliveries in one write a channel: rejected if so marked, else acknowledged.

    Returns how many were settled; those of a lost channel are not, and neither is any twice.
    """
    by_channel: dict[ReceivingChannel, list[Delivery]] = {}
    settled = 0
    for delivery in deliveries:
        if delivery.settled:
            continue
        delivery.settled = True
        if delivery.received_on is None:
            settled += 1
        else:
            by_channel.setdefault(delivery.received_on, []).append(delivery)
    for receiving, group in by_channel.items():
        if await receiving.write(_settlements(receiving.outstanding, group)):
            settled += len(group)
    return settled


def _settlements(outstanding: dict[int, None], group: Sequence[Delivery]) -> list[Settlement]:
    """Return what settles a group, which is outstanding no more.

    As few as can be: the oldest outstanding tags share one multiple acknowledgement. A quorum
    queue takes in some 30 settlements at a time, and forgets the others when the channel closes.
    Rejections go first: a multiple acknowledgement would acknowledge them too, and rejecting them
    then would close the channel.
    """
    settlements: list[Settlement] = []
    for delivery in group:
        if delivery.rejected:
            outstanding.pop(delivery.tag, None)
            settlements.append(Settlement(delivery.tag, is_good=False))
    good = {delivery.tag for delivery in group if not delivery.rejected}
    oldest = list(takewhile(good.__contains__, outstanding))
    if oldest:
        settlements.append(Settlement(oldest[-1], multiple=True))
    settlements += map(Settlement, sorted(good.difference(oldest)))
    for tag in good:
        outstanding.pop(tag, None)
    return settlements


def delivery_from(
    envelope: Envelope, properties: Properties, body: bytes, receiving: ReceivingChannel
) -> Delivery:
    """Take over what was received; `receiving` is the channel it came on."""
    return Delivery(
        body=body,
        routing_key=envelope.routing_key,
        exchange=envelope.exchange,
        message_id=properties.message_id,
        correlation_id=properties.correlation_id,
        headers=properties.headers,
        redelivered=envelope.redelivered,
        published_at=properties.published_at,
        user_id=properties.user_id,
        tag=envelope.tag,
        received_on=receiving,
    )
