"""The spool and its draining, with a bus that does what the test says."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio

from herald.bus.errors import PublishError, RefusedError, UnavailableError
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher
from herald.bus.receipt_messages import ATTEMPT_TYPE
from ingress.grouped_publisher import GroupedPublisher
from ingress.spool.database import PAGE_BYTES, SpoolDatabase
from ingress.spool.draining import Draining, drain
from ingress.spool.spool import NotKeptError, Spool

ROOM = 100 * PAGE_BYTES


class Bus:
    """Takes what the test lets it take; knows the order in which messages came."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.brought: list[object] = []  # how many receipts each message says it brings
        self.away = False
        self.refuses: set[str] = set()
        self.shaky: set[str] = set()  # fails once
        self.tries = 0

    async def publish_many(
        self, messages: Sequence[OutgoingMessage], **_options: object
    ) -> list[PublishError | None]:
        self.brought += [message.headers.get("receipts", 1) for message in messages]
        return [self._publish(message.message_id) for message in messages]

    def _publish(self, name: str) -> PublishError | None:
        self.tries += 1
        if name in self.refuses:
            return RefusedError(name, "too large")
        if self.away or name in self.shaky:
            self.shaky.discard(name)
            return UnavailableError(name, "away")
        self.taken.append(name)
        return None


def message(
    name: str, body: bytes = b'{"text": "\xc3\xa9"}', kind: str = "type"
) -> OutgoingMessage:
    return OutgoingMessage("herald.receipts", "attempt.sms", body, name, kind)


@pytest_asyncio.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    """Give an empty spool."""
    opened = Spool(SpoolDatabase(tmp_path, ROOM))
    yield opened
    await opened.close()


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(10):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


def draining(spool: Spool, bus: Bus) -> asyncio.Task[None]:
    """Begin to drain, with short pauses."""
    return asyncio.create_task(drain(spool, grouped(bus), pause_seconds=0.01))


def grouped(bus: Bus) -> GroupedPublisher:
    """Publish on the test's bus."""
    return GroupedPublisher(cast("Publisher", bus))


async def drained(spool: Spool, bus: Bus, number: int) -> None:
    """Drain until the bus has taken so many messages and nothing waits."""
    work = draining(spool, bus)
    await until(lambda: len(bus.taken) >= number and not (spool.backlog or spool.problem))
    work.cancel()
    await asyncio.wait([work])


async def test_what_was_kept_comes_out_in_order(spool: Spool) -> None:
    """Calls at the same time share a write; all of it is published, oldest first, and is gone."""
    await asyncio.gather(*(spool.keep([message(f"{n}a"), message(f"{n}b")]) for n in range(50)))
    backlog = spool.backlog
    assert backlog is not None
    assert "bytes wait for the bus" in backlog
    bus = Bus()
    await drained(spool, bus, 100)
    assert bus.taken == [f"{n}{part}" for n in range(50) for part in "ab"]
    assert (spool.backlog, spool.age_seconds) == (None, 0.0)


async def test_receipts_that_were_kept_go_together(spool: Spool) -> None:
    """What came one by one while the broker was away is put on the bus twenty in a message."""
    receipts = [message(f"{n}", kind=ATTEMPT_TYPE) for n in range(100)]
    for receipt in receipts:
        await spool.keep([receipt])
    bus = Bus()
    await drained(spool, bus, 6)
    assert bus.brought == [20, 20, 10, 20, 20, 10]


async def test_a_message_that_fails_is_published_again(spool: Spool) -> None:
    """Only what was not confirmed is tried again, until it is."""
    await spool.keep([message("a"), message("b"), message("c")])
    bus = Bus()
    bus.shaky = {"b"}
    await drained(spool, bus, 3)
    assert bus.taken == ["a", "c", "b"]


async def test_it_waits_for_the_bus(spool: Spool) -> None:
    """While the bus is away nothing is lost, and more can be kept."""
    bus = Bus()
    bus.away = True
    await spool.keep([message("a")])
    work = draining(spool, bus)
    await until(lambda: bus.tries > 1)
    await spool.keep([message("b")])
    work.cancel()
    await asyncio.wait([work])
    assert [waiting.message_id for _, waiting in await spool.oldest(3)] == ["a", "b"]
    bus.away = False
    spool.filled.set()
    await drained(spool, bus, 2)
    assert bus.taken == ["a", "b"]


async def test_what_a_former_process_kept_is_published(tmp_path: Path) -> None:
    """A new process starts with what the last one left."""
    former = Spool(SpoolDatabase(tmp_path, ROOM))
    await former.keep([message("a")])
    await former.close()
    spool, bus = Spool(SpoolDatabase(tmp_path, ROOM)), Bus()
    async with Draining(spool, grouped(bus)):
        await until(lambda: bool(bus.taken) and spool.backlog is None)
    assert bus.taken == ["a"]


async def test_what_can_not_be_published_is_set_aside(spool: Spool, tmp_path: Path) -> None:
    """A message that the bus never takes is written to a file; the rest goes on."""
    await spool.keep([message("a"), message("bad"), message("b")])
    bus = Bus()
    bus.refuses = {"bad"}
    await drained(spool, bus, 2)
    assert bus.taken == ["a", "b"]
    assert (tmp_path / "spool.unreadable").read_text() == f"{message('bad')!r}\n"


async def test_a_full_spool_says_so(tmp_path: Path) -> None:
    """What finds no room is not kept, and its caller learns it; what fits later is."""
    spool = Spool(SpoolDatabase(tmp_path, 8 * PAGE_BYTES))
    large = b"x" * 4 * PAGE_BYTES
    await spool.keep([message("a", large)])
    with pytest.raises(NotKeptError, match="full"):
        await spool.keep([message("b", large)])
    assert spool.problem == "full"
    bus = Bus()
    await drained(spool, bus, 1)
    assert spool.problem is None
    await spool.keep([message("c", large)])
    await spool.close()


async def test_a_failing_disk_says_so(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that did not reach the disk is not kept, and the reason is given."""

    def fail(_messages: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error

    monkeypatch.setattr(spool._database, "add", fail)
    with pytest.raises(NotKeptError, match="disk I/O error"):
        await spool.keep([message("a")])
    assert spool.problem == "the disk fails: disk I/O error"


async def test_the_loop_goes_on_while_the_disk_is_slow(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write holds up its callers alone, and those that come meanwhile share the next one."""
    wrote: list[int] = []
    goes_on = threading.Event()

    def add(messages: Sequence[OutgoingMessage]) -> None:
        wrote.append(len(messages))
        assert goes_on.wait(10)

    monkeypatch.setattr(spool._database, "add", add)
    calls = [asyncio.create_task(spool.keep([message("a")]))]
    await until(lambda: wrote == [1])
    calls += [asyncio.create_task(spool.keep([message(name)])) for name in "bcd"]
    await asyncio.sleep(0)
    goes_on.set()
    await asyncio.gather(*calls)
    assert wrote == [1, 3]


async def test_a_cancelled_call_does_not_disturb_the_others(spool: Spool) -> None:
    """A caller that goes away takes nothing from those that share its write."""
    gone, stays = (asyncio.create_task(spool.keep([message(name)])) for name in ("a", "b"))
    await asyncio.sleep(0)
    gone.cancel()
    await stays
    bus = Bus()
    await drained(spool, bus, 2)
    assert bus.taken == ["a", "b"]
