"""A connection that is kept: set up before it is used, made again when it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aio_pika.abc import AbstractConnection

from behaviour.bus.link import linked
from behaviour.bus.rabbit import Rabbit, until
from herald.bus.channels import open_channel
from herald.bus.connection_keeper import ConnectionKeeper, with_settings
from herald.bus.library_internals import write


@pytest.fixture
def name() -> str:
    """Name the test's connection at the broker."""
    return f"kept-{uuid.uuid4().hex[:8]}"


@pytest_asyncio.fixture
async def keeper(rabbit: Rabbit, name: str) -> AsyncIterator[ConnectionKeeper]:
    """Give a keeper that is not started; it is stopped afterwards."""
    keeper = ConnectionKeeper(with_settings(rabbit.amqp_url, name=name), name)
    yield keeper
    await keeper.stop()


async def test_every_connection_is_set_up_before_it_is_used(
    keeper: ConnectionKeeper, rabbit: Rabbit, name: str
) -> None:
    """Also the one that takes the place of a lost one."""
    set_up: list[AbstractConnection] = []

    async def note(connection: AbstractConnection) -> None:
        assert keeper.connection is None
        set_up.append(connection)

    keeper.add_setup(note)
    keeper.start()
    first = await keeper.connected()
    assert set_up == [first]
    await rabbit.close_connections(name)
    await until(lambda: keeper.connection not in {None, first})
    assert set_up == [first, await keeper.connected()]


async def test_a_connection_that_can_not_be_set_up_is_made_again(keeper: ConnectionKeeper) -> None:
    """It is closed, never used, and another is tried."""
    tried: list[AbstractConnection] = []

    async def fail_once(connection: AbstractConnection) -> None:
        tried.append(connection)
        if len(tried) == 1:
            raise RuntimeError

    keeper.add_setup(fail_once)
    keeper.start()
    used = await keeper.connected()
    assert tried == [tried[0], used]
    assert tried[0].is_closed


async def test_a_stop_while_it_opens_is_heeded(keeper: ConnectionKeeper) -> None:
    """Also where something that is waited for meanwhile swallows the cancellation."""
    opening: list[AbstractConnection] = []

    async def swallow(connection: AbstractConnection) -> None:
        opening.append(connection)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

    keeper.add_setup(swallow)
    keeper.start()
    await until(lambda: bool(opening))
    async with asyncio.timeout(2):
        await keeper.stop()
    assert opening[0].is_closed


async def test_opening_in_one_try_says_what_is_wrong(keeper: ConnectionKeeper) -> None:
    """A setup's error is the caller's, and there is no connection."""

    async def fail(_connection: AbstractConnection) -> None:
        raise LookupError

    keeper.add_setup(fail)
    with pytest.raises(LookupError):
        await keeper.open()
    assert keeper.connection is None


async def test_stopping_leaves_nothing_behind(keeper: ConnectionKeeper) -> None:
    """Neither a task nor a connection; and it can be started again."""
    before = asyncio.all_tasks()
    for _ in range(2):
        keeper.start()
        connection = await keeper.connected()
        await keeper.stop()
        assert keeper.connection is None
        assert connection.is_closed
        await until(lambda: asyncio.all_tasks() == before)


async def test_stopping_leaves_nothing_behind_when_the_broker_reads_no_more(
    rabbit: Rabbit, name: str
) -> None:
    """What is still to be written would hold the close, and the process's end, for ever."""
    async with linked(rabbit.amqp_url) as (link, url):
        keeper = ConnectionKeeper(with_settings(url, name=name), name)
        keeper.start()
        channel = await open_channel(await keeper.connected())
        link.hold()
        await write(channel, b"\0" * 64 * 1024 * 1024)
        before = asyncio.all_tasks()
        await keeper.stop()
        # the library begins a last task as it closes, which has nothing to do
        await until(lambda: all(task.done() for task in asyncio.all_tasks() - before))
