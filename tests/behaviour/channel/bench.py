"""A worker without a broker, whose way to the database can be shut, and a broker without one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from behaviour.channel.fakes import FakeProvider
from behaviour.channel.gate import Gate
from behaviour.channel.world import work as written
from herald.bus.deliveries import Delivery
from herald.bus.errors import PublishError, UnavailableError
from herald.bus.outgoing_messages import OutgoingMessage
from herald.channel.accounts import SendingAccount
from herald.channel.finished import Finished
from herald.channel.limits.keeper import LimitKeeper
from herald.channel.recorders import Recorders
from herald.channel.worker import Worker
from herald.database.pool import Database
from unit.channel.making import twilio

RATE = 10


class Tray:
    """Stands where the recorder does, and keeps what is handed in."""

    def __init__(self) -> None:
        self.finished: list[Finished] = []

    def add(self, finished: Finished) -> None:
        self.finished.append(finished)


class Bench:
    """A worker of one account, without a broker."""

    def __init__(self, gate: Gate, database: Database) -> None:
        self.gate = gate
        self.database = database
        self.tray = Tray()
        self.provider = FakeProvider()
        options = twilio(rate=float(RATE))
        self.account = SendingAccount(name="main", options=options, provider=self.provider)
        recorders = cast("Recorders", self.tray)
        limits = LimitKeeper(database)
        self.worker = Worker("sms", [self.account], database, recorders, limits)


class Broker:
    """Confirms what it is given once it has room, or says that it is away."""

    def __init__(self) -> None:
        self.away = False
        self.tries = 0
        self.has_room = asyncio.Event()
        self.has_room.set()
        self.published: list[OutgoingMessage] = []

    async def publish_many(
        self, messages: Sequence[OutgoingMessage], _timeout_seconds: float
    ) -> list[PublishError | None]:
        self.tries += bool(messages)
        await self.has_room.wait()
        if self.away:
            return [UnavailableError(message.message_id, "no connection") for message in messages]
        self.published += messages
        return [None] * len(messages)


def batch(*attempts: str, **changes: object) -> list[Delivery]:
    return [Delivery(body=written(attempt, **changes)) for attempt in attempts]
