"""The bytes that a worker's files may take together."""

from __future__ import annotations

import asyncio

from herald.contracts.content import Media
from herald.files.memory import Hold, Memory
from herald.providers.files import File

MEDIA = Media(url="https://a.example/x")


async def test_who_finds_no_room_waits_in_turn() -> None:
    """A small one does not pass a large one that came first."""
    memory = Memory(10)
    first = await memory.take(8)
    large = asyncio.ensure_future(memory.take(5))
    small = asyncio.ensure_future(memory.take(1))
    await asyncio.sleep(0)
    assert not large.done()
    assert not small.done()
    first.release()
    first.release()
    await asyncio.gather(large, small)
    assert memory.held == 6


async def test_who_gives_up_leaves_nothing_taken() -> None:
    """Also when its turn had just come."""
    memory = Memory(10)
    first = await memory.take(10)
    second, third = (asyncio.ensure_future(memory.take(10)) for _ in range(2))
    await asyncio.sleep(0)
    first.release()
    second.cancel()
    (await third).release()
    assert memory.held == 0


async def test_a_body_takes_its_bytes_as_long_as_anybody_has_it() -> None:
    """Nobody has to give them back."""
    memory = Memory(10)
    hold = await memory.take(10)
    hold.shrink(4)
    files = [File(media=MEDIA, name="x", content_type="image/png", body=b"1234") for _ in range(2)]
    for file in files:
        hold.keep_with(file)
    del file
    files.pop()
    assert memory.held == 4
    files.pop()
    assert memory.held == 0


async def test_what_is_only_kept_makes_room() -> None:
    """Before anybody has to wait."""
    kept: list[Hold] = []
    memory = Memory(10, lambda _size: kept.pop().release())
    kept.append(await memory.take(8))
    await memory.take(5)
    assert memory.held == 5
