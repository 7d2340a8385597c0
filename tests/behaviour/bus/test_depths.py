"""How much waits in a queue, asked of a real broker."""

from __future__ import annotations

import asyncio

import pytest_asyncio

from behaviour.bus.publishing import publish_confirmed
from behaviour.bus.rabbit import WorkQueue, until
from herald.bus.connections import Connections
from herald.bus.depths import QueueDepths
from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.topology import OUTBOUND


@pytest_asyncio.fixture
async def depths(connections: Connections) -> QueueDepths:
    """Give what asks on a connection that is up."""
    await connections.start()
    await until(lambda: connections.is_connected)
    return QueueDepths(connections.publishing)


async def test_says_how_much_waits_and_leaves_out_what_is_missing(
    connections: Connections, depths: QueueDepths, work: WorkQueue
) -> None:
    """A queue that is missing closes the channel, and the others are asked all the same."""
    assert await depths.read([work.queue]) == {work.queue: 0}
    for number in range(3):
        message = OutgoingMessage(
            exchange=OUTBOUND,
            routing_key=work.key,
            body=b"{}",
            message_id=str(number),
            type="test",
        )
        await publish_confirmed(connections.publisher, message, 5)
    assert await depths.read(["missing", work.queue]) == {work.queue: 3}


async def test_a_broker_that_is_away_says_nothing(connections: Connections) -> None:
    """Nobody waits for it."""
    assert await QueueDepths(connections.publishing).read(["outbound.sms.bulk"]) == {}


async def test_whoever_asks_again_and_again_can_be_cancelled(
    depths: QueueDepths, work: WorkQueue
) -> None:
    """Whatever the moment: now and then aiormq gives the answer instead of the cancellation."""

    async def ask_for_ever() -> None:
        while not is_over:
            await depths.read([work.queue])

    is_over = False
    for number in range(200):
        asking = asyncio.create_task(ask_for_ever())
        await asyncio.sleep(0.001 + number % 10 * 0.0004)
        asking.cancel()
        await asyncio.wait([asking], timeout=5)
        is_over = not asking.done()
        assert not is_over
