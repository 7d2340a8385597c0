"""Commands that name the broker user who gives them, as the broker lets only that user do."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aio_pika
from aio_pika.abc import AbstractChannel

from behaviour.router.world import Body, Heard, World
from broker_users import BrokerUser
from herald.contracts.topology import COMMANDS


@dataclass(frozen=True, slots=True)
class Commander:
    """A broker user's own connection."""

    user: BrokerUser
    channel: AbstractChannel

    async def publish(
        self, body: Body, key: str, *, user_id: str | None, message_id: str | None = None
    ) -> str:
        """Publish a command; return its message id, which is its correlation id, too."""
        name = message_id or str(uuid.uuid4())
        message = aio_pika.Message(
            json.dumps(body).encode(), message_id=name, correlation_id=name, user_id=user_id
        )
        exchange = await self.channel.get_exchange(COMMANDS, ensure=False)
        await exchange.publish(message, key)
        return name

    async def ask(
        self,
        world: World,
        body: Body,
        key: str,
        *,
        named: bool = True,
        message_id: str | None = None,
    ) -> Heard:
        """Publish a command and wait for its answer; `named`: say who publishes it."""
        seen = len(world.events)
        user_id = self.user.name if named else None
        asked = await self.publish(body, key, user_id=user_id, message_id=message_id)

        def answer() -> Heard | None:
            heard = world.events[seen:]
            return next((h for h in heard if h.properties.correlation_id == asked), None)

        heard: Heard = await world.until(answer)
        return heard


@asynccontextmanager
async def commander(user: BrokerUser) -> AsyncIterator[Commander]:
    """Connect as a user."""
    async with await aio_pika.connect(user.url) as connection:
        yield Commander(user, await connection.channel())
