"""Channels that the broker closes while they are published on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from prometheus_client import CollectorRegistry

from behaviour.bus.rabbit import WorkQueue, until
from behaviour.bus.small_broker import SmallBroker, serving
from herald.bus.connections import Connections
from herald.bus.errors import PublishError, UnavailableError
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher

CLOSES_AT = 200


@asynccontextmanager
async def load(
    publisher: Publisher, message: OutgoingMessage
) -> AsyncIterator[list[PublishError | None]]:
    """Publish a message under one id after another, without a pause; give what became of each."""
    results: list[PublishError | None] = []
    calls: set[asyncio.Task[None]] = set()

    async def publish(number: int) -> None:
        results.extend(
            await publisher.publish_many([message._replace(message_id=f"load-{number}")])
        )

    async def publish_on() -> None:
        number = 0
        while True:
            calls.add(task := asyncio.create_task(publish(number := number + 1)))
            task.add_done_callback(calls.discard)
            await asyncio.sleep(0)

    loading = asyncio.create_task(publish_on())
    try:
        yield results
    finally:
        loading.cancel()
        await asyncio.gather(loading, *calls, return_exceptions=True)


def has_taken(results: Sequence[PublishError | None], number: int) -> bool:
    """Whether the broker confirmed so many."""
    return results.count(None) > number


async def test_nothing_follows_the_answer_to_a_close(registry: CollectorRegistry) -> None:
    """A broker ends the connection for a frame on a channel that is not open any more."""
    broker = SmallBroker(closes_at=CLOSES_AT)
    message = OutgoingMessage("herald.commands", "key", b"{}", "id", "test")
    async with serving(broker) as url:
        service = Connections(url, app_id="closed", registry=registry)
        await service.start()
        try:
            await until(lambda: service.is_connected)
            async with load(service.publisher, message) as results:
                await until(lambda: broker.published > 2 * CLOSES_AT)
            assert broker.late == []
            failures = [result for result in results if result is not None]
            assert {type(failure) for failure in failures} == {UnavailableError}
            assert any("404 NOT_FOUND" in str(failure) for failure in failures)
        finally:
            await service.stop()


async def test_a_channel_that_closes_under_load_leaves_its_connection_up(
    connections: Connections, work: WorkQueue
) -> None:
    """Others publish on while one names an exchange that is not there."""
    await connections.start()
    await until(lambda: connections.is_connected)
    publisher, before = connections.publisher, connections.publishing.keeper.connection
    async with load(publisher, work.message("load")) as results:
        await until(lambda: results.count(None) > CLOSES_AT)
        for number in range(5):
            [failure] = await publisher.publish_many(
                [work.message(f"lost-{number}", exchange="no-such-exchange")]
            )
            assert isinstance(failure, UnavailableError)
            enough = results.count(None) + CLOSES_AT
            await until(partial(has_taken, results, enough))
    assert connections.publishing.keeper.connection is before
