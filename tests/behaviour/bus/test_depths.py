"""How much waits in a queue, asked of a real broker."""

from __future__ import annotations

from behaviour.bus.publishing import publish_confirmed
from behaviour.bus.rabbit import WorkQueue, until
from herald.bus.connections import Connections
from herald.bus.depths import QueueDepths
from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.topology import OUTBOUND


async def test_says_how_much_waits_and_leaves_out_what_is_missing(
    connections: Connections, work: WorkQueue
) -> None:
    """A queue that is missing closes the channel, and the others are asked all the same."""
    await connections.start()
    await until(lambda: connections.is_connected)
    depths = QueueDepths(connections.publishing)
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
