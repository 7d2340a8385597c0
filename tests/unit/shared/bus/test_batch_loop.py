"""The batch loop without a broker: how it takes, retries and settles."""

from __future__ import annotations

import asyncio
import linecache
from collections.abc import Sequence
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from herald.bus import batches
from herald.bus.batches import BatchLoop, where
from herald.bus.byte_budget import MAX_BATCH_BYTES
from herald.bus.deliveries import Delivery, ReceivingChannel, Settlement, settle


class FakeChannel:
    """Looks like an AMQP channel to what receives on it, and keeps what is settled on it."""

    number = 1

    def __init__(self) -> None:
        self.is_closed = False


class RecordingChannel(ReceivingChannel):
    """A channel whose settlements can be looked at."""

    __slots__ = ("written",)

    def __init__(self) -> None:
        super().__init__(FakeChannel())  # type: ignore[arg-type]  # all of it that is used
        self.written: list[tuple[str, int, bool]] = []

    def lose(self) -> None:
        self.channel.is_closed = True  # type: ignore[misc]  # a plain attribute of the fake

    async def write(self, settlements: Sequence[Settlement]) -> bool:
        if not self.is_open:
            return False
        self.written += [
            ("ack" if settlement.is_good else "reject", settlement.tag, settlement.multiple)
            for settlement in settlements
        ]
        return True


def _deliveries(receiving: ReceivingChannel, tags: Sequence[int]) -> list[Delivery]:
    receiving.outstanding |= dict.fromkeys(tags)
    return [Delivery(body=b"%d" % tag, tag=tag, received_on=receiving) for tag in tags]


async def _run(loop: BatchLoop) -> None:
    loop.close()
    await asyncio.wait_for(loop.run(), 5)


def _loop(handler: batches.Handler, **options: Any) -> BatchLoop:
    return BatchLoop("q", handler, registry=CollectorRegistry(), **({"max_batch": 10} | options))


async def test_rejections_come_before_the_multiple_ack() -> None:
    """The multiple ack comes last and ends at the last good delivery."""
    receiving = RecordingChannel()
    batch = _deliveries(receiving, [1, 2, 3, 4])
    batch[1].reject()
    batch[3].reject()
    assert await settle(batch) == 4
    assert receiving.written == [("reject", 2, False), ("reject", 4, False), ("ack", 3, True)]
    assert receiving.unsettled == 0
    assert await settle(batch) == 0


async def test_the_oldest_share_one_acknowledgement() -> None:
    """Settled out of order, what fills the gap is acknowledged with all that came before."""
    receiving = RecordingChannel()
    batch = _deliveries(receiving, [1, 2, 3, 4, 5])
    await settle([batch[3], batch[2]])
    await settle([batch[1], batch[0]])
    await settle([batch[4]])
    assert receiving.written == [
        ("ack", 3, False),
        ("ack", 4, False),
        ("ack", 2, True),
        ("ack", 5, True),
    ]
    assert receiving.unsettled == 0


async def test_batch_never_spans_two_channels() -> None:
    """Deliveries of another channel wait for their own batch: tags mean nothing across."""
    first, second = RecordingChannel(), RecordingChannel()
    seen: list[list[int]] = []

    async def see(batch: Sequence[Delivery]) -> None:
        seen.append([d.tag for d in batch])

    loop = _loop(see)
    for delivery in (*_deliveries(first, [8, 9]), *_deliveries(second, [1, 2])):
        loop.receive(delivery)
    await _run(loop)
    assert seen == [[8, 9], [1, 2]]
    assert first.written == [("ack", 9, True)]
    assert second.written == [("ack", 2, True)]


async def test_a_batch_ends_at_its_bytes() -> None:
    """Large messages make smaller batches; one that is larger than all of it comes alone."""
    receiving = RecordingChannel()
    seen: list[list[int]] = []

    async def see(batch: Sequence[Delivery]) -> None:
        seen.append([d.tag for d in batch])

    loop = _loop(see)
    half, whole = b"x" * (MAX_BATCH_BYTES // 2), b"x" * (MAX_BATCH_BYTES + 1)
    for tag, body in enumerate((half, half, b"x", whole, b"x", half), 1):
        receiving.outstanding[tag] = None
        loop.receive(Delivery(body=body, tag=tag, received_on=receiving))
    await _run(loop)
    assert seen == [[1, 2], [3], [4], [5, 6]]


async def test_buffered_deliveries_of_a_lost_channel_are_skipped() -> None:
    """What will be delivered again is not handled now."""
    lost, live = RecordingChannel(), RecordingChannel()
    seen: list[int] = []

    async def see(batch: Sequence[Delivery]) -> None:
        seen.extend(d.tag for d in batch)

    loop = _loop(see)
    for delivery in (*_deliveries(lost, [5, 6]), *_deliveries(live, [1])):
        loop.receive(delivery)
    lost.lose()
    await _run(loop)
    assert seen == [1]
    assert lost.written == []


async def test_channel_lost_in_work_is_settled_nowhere() -> None:
    """A handler that outlives its deliveries' channel settles nothing on any other."""
    old, new = RecordingChannel(), RecordingChannel()

    async def outlive(batch: Sequence[Delivery]) -> None:
        old.lose()

    loop = _loop(outlive, max_batch=2)
    for delivery in (*_deliveries(old, [1, 2]), *_deliveries(new, [1])):
        loop.receive(delivery)
    await _run(loop)
    assert old.written == []
    assert new.written == [("ack", 1, True)]


async def test_retry_forgets_the_failed_try_and_pauses_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Marks of a failed try don't count, settled deliveries aren't handled again, pauses grow."""
    receiving = RecordingChannel()
    pauses: list[float] = []
    seen: list[list[int]] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        if seconds:
            pauses.append(seconds)
        await sleep(0)

    async def fail(batch: Sequence[Delivery]) -> None:
        seen.append([d.tag for d in batch])
        if len(seen) <= 8:
            batch[-1].reject()
            if len(seen) == 1:
                await batch[0].ack()
            raise ValueError

    monkeypatch.setattr(asyncio, "sleep", note)
    loop = _loop(fail)
    for delivery in _deliveries(receiving, [1, 2, 3]):
        loop.receive(delivery)
    await _run(loop)
    assert seen == [[1, 2, 3]] + [[2, 3]] * 8
    assert receiving.written == [("ack", 1, True), ("ack", 3, True)]
    assert len(pauses) == 8
    assert pauses[0] <= 0.2
    assert 2.5 <= pauses[-1] <= 5
    assert loop.problem is None


async def test_single_settling_leaves_the_good_to_the_handler() -> None:
    """With `single` only what is marked is settled when the handler returns."""
    receiving = RecordingChannel()
    kept: list[Delivery] = []

    async def keep(batch: Sequence[Delivery]) -> None:
        kept.extend(batch)
        batch[0].reject()

    loop = _loop(keep, settle="single")
    for delivery in _deliveries(receiving, [1, 2]):
        loop.receive(delivery)
    await _run(loop)
    assert receiving.written == [("reject", 1, False)]
    assert receiving.unsettled == 1
    assert await kept[1].ack()
    assert receiving.unsettled == 0


async def test_an_errors_place_is_named_without_reading_source_files() -> None:
    """Each takes milliseconds at the first error, and a service has hundreds."""

    def fail() -> None:
        raise ValueError("secret")

    linecache.clearcache()
    try:
        fail()
    except ValueError as error:
        first, second = where(error).split(" < ")
    assert first.startswith(f"{__file__}:")
    assert first.endswith(" fail")
    assert second.endswith(" test_an_errors_place_is_named_without_reading_source_files")
    assert __file__ not in linecache.cache
