"""One download for all who name a link at a time."""

from __future__ import annotations

import asyncio

import pytest

from herald.files.downloading import Download
from herald.files.failures import DNS, FetchError, because
from herald.files.memory import Memory
from herald.files.sharing import REMEMBERED_SECONDS, SharedDownloads


class Server:
    """Gives every link a body of some bytes, or fails; waits until it may."""

    def __init__(self, size: int = 4) -> None:
        self.size = size
        self.asked: list[str] = []
        self.fails = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.memory = Memory(100)
        self.now = 0.0
        self.shared = SharedDownloads(self.get, 10, 1.0, lambda: self.now)

    async def get(self, link: str, _largest: int) -> Download:
        self.asked.append(link)
        await self.may_answer.wait()
        if self.fails:
            raise because(DNS)
        hold = await self.memory.take(self.size)
        found = Download("/x", "", b"x" * self.size, hold)
        hold.keep_with(found)
        return found


async def test_who_asks_meanwhile_and_shortly_after_shares_it() -> None:
    """Later it is asked for again: it may be another by then."""
    server = Server()
    first, second = await asyncio.gather(*(server.shared.get("a", 9) for _ in range(2)))
    assert first is second
    assert await server.shared.get("a", 9) is first
    server.now = REMEMBERED_SECONDS
    assert await server.shared.get("a", 9) is not first
    assert server.asked == ["a", "a"]


async def test_another_limit_is_another_download() -> None:
    """A picture may be larger on one message than on another."""
    server = Server()
    await server.shared.get("a", 9)
    await server.shared.get("a", 8)
    assert server.asked == ["a", "a"]


async def test_a_failure_is_for_those_who_wait() -> None:
    """Who asks then has a try of their own."""
    server = Server()
    server.fails = True
    ends = await asyncio.gather(
        *(server.shared.get("a", 9) for _ in range(2)), return_exceptions=True
    )
    assert [type(end) for end in ends] == [FetchError, FetchError]
    server.fails = False
    await server.shared.get("a", 9)
    assert server.asked == ["a", "a"]


async def test_who_gives_up_leaves_the_others_waiting() -> None:
    """The download goes on."""
    server = Server()
    server.may_answer.clear()
    first, second = (asyncio.ensure_future(server.shared.get("a", 9)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    server.may_answer.set()
    assert (await second).body == b"xxxx"


async def test_a_download_that_nobody_wants_is_ended() -> None:
    """And who asks then has one of their own."""
    server = Server()
    server.may_answer.clear()
    first = asyncio.ensure_future(server.shared.get("a", 9))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    server.may_answer.set()
    assert (await server.shared.get("a", 9)).body == b"xxxx"
    assert server.asked == ["a", "a"]


async def test_a_download_ends_whoever_waits_for_it() -> None:
    """Else one that hangs would keep its link from everybody."""
    server = Server()
    server.shared = SharedDownloads(server.get, 10, 0.01)
    server.may_answer.clear()
    with pytest.raises(FetchError) as caught:
        await server.shared.get("a", 9)
    assert caught.value.failure.code == "media_timeout"


async def test_what_is_kept_is_bounded_and_makes_room() -> None:
    """The oldest goes first; nothing is left at the end."""
    server = Server()
    for link in "abc":
        await server.shared.get(link, 9)
    assert server.memory.held == 8
    server.shared.make_room(1)
    assert server.memory.held == 4
    await server.shared.stop()
    await asyncio.sleep(0)  # the loop still has what it gave us last
    assert server.memory.held == 0
