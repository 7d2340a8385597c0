"""The spool and its draining, with a bus that does what the test says."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio

from herald.bus.errors import PublishError, RefusedError, UnavailableError
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher
from ingress.spool import draining
from ingress.spool.draining import Draining
from ingress.spool.records import line_of
from ingress.spool.segments import Segments
from ingress.spool.spool import NotKeptError, Spool


class Bus:
    """Takes what the test lets it take; knows the order in which frames came."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.away = False
        self.refuses: set[str] = set()
        self.shaky: set[str] = set()  # fails once

    async def publish_many(self, frames: Sequence[OutgoingMessage]) -> list[PublishError | None]:
        return [self._publish(frame.message_id) for frame in frames]

    def _publish(self, name: str) -> PublishError | None:
        if name in self.refuses:
            return RefusedError(name, "too large")
        if self.away or name in self.shaky:
            self.shaky.discard(name)
            return UnavailableError(name, "away")
        self.taken.append(name)
        return None


def frame(name: str) -> OutgoingMessage:
    return OutgoingMessage("herald.receipts", "attempt.sms", b'{"text": "\xc3\xa9"}', name, "type")


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once."""
    monkeypatch.setattr(draining, "PAUSE_SECONDS", 0.01)


@pytest_asyncio.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    """Give an empty spool."""
    opened = Spool(Segments(tmp_path, 100_000))
    yield opened
    await opened.close()


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(10):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


def files(folder: Path, kind: str) -> list[bytes]:
    """Read the files of one kind."""
    return [path.read_bytes() for path in folder.glob(f"*.{kind}")]


async def drained(spool: Spool, bus: Bus, number: int) -> None:
    """Drain until the bus has taken so many frames and nothing waits."""
    work = asyncio.create_task(draining.drain(spool, cast("Publisher", bus)))
    await until(lambda: len(bus.taken) >= number and spool.backlog is None)
    work.cancel()
    await asyncio.wait([work])


async def test_what_was_kept_comes_out_in_order(spool: Spool) -> None:
    """Calls at the same time share a write; all of it is published, oldest first, and is gone."""
    await asyncio.gather(*(spool.keep([frame(f"{n}a"), frame(f"{n}b")]) for n in range(50)))
    backlog = spool.backlog
    assert backlog is not None
    assert "bytes wait for the bus" in backlog
    bus = Bus()
    await drained(spool, bus, 100)
    assert bus.taken == [f"{n}{part}" for n in range(50) for part in "ab"]
    assert (spool.backlog, spool.age_seconds) == (None, 0.0)


async def test_a_frame_that_fails_is_published_again(spool: Spool) -> None:
    """Only what was not confirmed is tried again, until it is."""
    await spool.keep([frame("a"), frame("b"), frame("c")])
    bus = Bus()
    bus.shaky = {"b"}
    await drained(spool, bus, 3)
    assert bus.taken == ["a", "c", "b"]


async def test_it_waits_for_the_bus(spool: Spool, tmp_path: Path) -> None:
    """While the bus is away nothing is lost, and more can be kept."""
    bus = Bus()
    bus.away = True
    await spool.keep([frame("a")])
    work = asyncio.create_task(draining.drain(spool, cast("Publisher", bus)))
    await asyncio.sleep(0.05)
    await spool.keep([frame("b")])
    work.cancel()
    await asyncio.wait([work])
    assert len(files(tmp_path, "segment")) == 2
    bus.away = False
    spool.filled.set()
    await drained(spool, bus, 2)
    assert bus.taken == ["a", "b"]


async def test_what_a_former_process_kept_is_published(tmp_path: Path) -> None:
    """A new process starts with what the last one left."""
    former = Spool(Segments(tmp_path, 100_000))
    await former.keep([frame("a")])
    await former.close()
    spool, bus = Spool(Segments(tmp_path, 100_000)), Bus()
    async with Draining(spool, cast("Publisher", bus)):
        await until(lambda: bool(bus.taken) and spool.backlog is None)
    assert bus.taken == ["a"]


async def test_what_can_not_be_published_is_set_aside(spool: Spool, tmp_path: Path) -> None:
    """A damaged line and a frame that the bus never takes are kept; the rest goes on."""
    segment = tmp_path / "00000000000000000001.segment"
    segment.write_bytes(line_of(frame("a")) + b"damaged\n" + line_of(frame("bad"))[:-1])
    await spool.keep([frame("b")])
    bus = Bus()
    bus.refuses = {"bad"}
    await drained(spool, bus, 2)
    assert bus.taken == ["a", "b"]
    assert files(tmp_path, "unreadable") == [b"damaged\n" + line_of(frame("bad"))]


async def test_a_full_spool_says_so(tmp_path: Path) -> None:
    """What finds no room is not kept, and its caller learns it; what fits later is."""
    spool = Spool(Segments(tmp_path, len(line_of(frame("a"))) + 10))
    await spool.keep([frame("a")])
    with pytest.raises(NotKeptError, match="full"):
        await spool.keep([frame("b")])
    assert spool.problem == "full"
    bus = Bus()
    await drained(spool, bus, 1)
    assert spool.problem is None
    await spool.keep([frame("c")])
    await spool.close()


async def test_a_failing_disk_says_so(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that did not reach the disk is not kept, and the reason is told."""

    def fail(_lines: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spool._segments, "append", fail)
    with pytest.raises(NotKeptError, match="No space left on device"):
        await spool.keep([frame("a")])


async def test_a_cancelled_call_does_not_disturb_the_others(spool: Spool) -> None:
    """A caller that goes away takes nothing from those that share its write."""
    gone, stays = (asyncio.create_task(spool.keep([frame(name)])) for name in ("a", "b"))
    await asyncio.sleep(0)
    gone.cancel()
    await stays
    bus = Bus()
    await drained(spool, bus, 2)
    assert bus.taken == ["a", "b"]
