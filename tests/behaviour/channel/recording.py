"""A recorder on a real database, with a broker that fails on command."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

from behaviour.channel.bench import Broker
from behaviour.channel.world import World, claim
from herald.bus.channels import WiredChannel
from herald.bus.deliveries import Delivery, ReceivingChannel
from herald.bus.publishing import Publisher
from herald.bus.receipt_messages import receipt_body
from herald.channel import sends
from herald.channel.finished import Finished
from herald.channel.recorder import Recorder
from herald.channel.reports import report, returned
from herald.contracts.vocabulary import Receipts
from herald.database.pool import Database
from herald.providers.sending import Accepted
from unit.channel.making import work


class Desk:
    """A recorder, and what it is handed."""

    def __init__(self, world: World, database: Database, retry_seconds: float = 0.2) -> None:
        self.in_batches = False  # what the routers read
        self.world = world
        self.database = database
        self.broker = Broker()
        self.recorder = Recorder(
            "sms",
            database,
            cast("Publisher", self.broker),
            in_batches=lambda: self.in_batches,
            retry_seconds=retry_seconds,
        )

    async def claim(self, attempt: str) -> None:
        one = claim(attempt, timedelta(hours=1))
        async with self.database.connection() as connection:
            await sends.claim(connection, "sms", [one])

    def accepted(self, attempt: str, delivery: Delivery | None = None) -> Delivery:
        """Hand in an acceptance; return its delivery."""
        receipt = report(
            work(attempt_id=attempt),
            Accepted(("SM1",)),
            datetime.now(UTC),
            provider="twilio",
            account="main",
            receipts=Receipts.DELIVERED,
        )
        delivery = delivery or Delivery(body=b"")
        self.recorder.add(Finished(delivery, receipt, receipt_body(receipt)))
        return delivery

    def returned(self, attempt: str) -> Delivery:
        """Hand in work given back; return its delivery."""
        receipt = returned(work(attempt_id=attempt), "rate_limit", datetime.now(UTC))
        delivery = Delivery(body=b"")
        self.recorder.add(Finished(delivery, receipt, receipt_body(receipt), recorded=True))
        return delivery

    async def published(self, attempt: str) -> bool:
        row = await self.world.row(attempt)
        assert row is not None
        return bool(row["published"])


def lost() -> Delivery:
    """Make a delivery whose channel is gone."""
    dead = ReceivingChannel(cast("WiredChannel", None))
    dead.given_back = True
    return Delivery(body=b"", received_on=dead)


async def settled(*deliveries: Delivery) -> bool:
    return all(delivery.settled for delivery in deliveries)
