"""Reports of one lane don't wait for another's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from herald.bus.deliveries import Delivery
from herald.bus.errors import PublishError
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.receipt_messages import receipt_body
from herald.channel.finished import Finished
from herald.channel.recorders import Recorders
from herald.channel.reports import returned
from herald.contracts.topology import attempt_receipt_key
from herald.contracts.vocabulary import Lane
from unit.channel.making import NOW, work


class BusyBroker:
    """Confirms nothing of the bulk lane for as long as a test wants."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.has_room = asyncio.Event()

    async def publish_many(
        self, messages: Sequence[OutgoingMessage], _timeout_seconds: float
    ) -> list[PublishError | None]:
        keys = [message.routing_key for message in messages]
        if attempt_receipt_key("sms", Lane.BULK) in keys:
            await self.has_room.wait()
        self.published += keys
        return [None] * len(messages)


def finished(lane: Lane) -> Finished:
    """Make work that is given back: it needs no row."""
    receipt = returned(work(lane=lane), "rate_limit", NOW)
    return Finished(Delivery(body=b""), receipt, receipt_body(receipt), recorded=True)


async def until_settled(item: Finished) -> None:
    async with asyncio.timeout(2):
        while not item.delivery.settled:  # noqa: ASYNC110  seen from outside
            await asyncio.sleep(0)


async def test_an_urgent_report_is_settled_while_a_campaigns_waits() -> None:
    """A group that the broker confirms late holds its own lane alone."""
    broker: Any = BusyBroker()
    database: Any = None
    recorders = Recorders("sms", database, broker)
    bulk, urgent = finished(Lane.BULK), finished(Lane.URGENT)
    running = asyncio.create_task(recorders.run())
    recorders.add(bulk)
    recorders.add(urgent)
    await until_settled(urgent)
    assert not bulk.delivery.settled
    assert recorders.held == {bulk.receipt.attempt_id}
    broker.has_room.set()
    await until_settled(bulk)
    assert recorders.held == set()
    running.cancel()
