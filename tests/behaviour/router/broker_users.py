"""Broker users of the tests' own, who may publish commands and nothing else."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel
from yarl import URL

from behaviour.bus.rabbit import Rabbit
from behaviour.router.world import Body, Heard, World
from herald.topology import COMMANDS
from herald_local.web import call

PASSWORD = uuid.uuid4().hex
RIGHTS = {"configure": "^$", "write": r"^herald\.commands$", "read": "^$"}


def create_user(rabbit: Rabbit, user: str) -> None:
    """Let a user publish commands."""
    management = rabbit.management_url
    created = json.dumps({"password": PASSWORD, "tags": ""}).encode()
    assert call("PUT", f"{management}/api/users/{user}", created).status in {201, 204}
    path = f"/api/permissions/{rabbit.vhost}/{user}"
    assert call("PUT", f"{management}{path}", json.dumps(RIGHTS).encode()).status in {201, 204}


def delete_user(rabbit: Rabbit, user: str) -> None:
    """Take a user away."""
    call("DELETE", f"{rabbit.management_url}/api/users/{user}")


@asynccontextmanager
async def connected(rabbit: Rabbit, user: str) -> AsyncIterator[AbstractChannel]:
    """Give a channel of a user's own connection."""
    url = URL(rabbit.amqp_url).with_user(user).with_password(PASSWORD)
    async with await aio_pika.connect(str(url)) as connection:
        yield await connection.channel()


async def publish_as(
    channel: AbstractChannel,
    user: str | None,
    body: Body,
    key: str,
    *,
    message_id: str | None = None,
) -> str:
    """Publish a command that names its user; return its message id."""
    message = aio_pika.Message(
        json.dumps(body).encode(),
        message_id=message_id or str(uuid.uuid4()),
        user_id=user,
    )
    message.correlation_id = message.message_id
    exchange = await channel.get_exchange(COMMANDS, ensure=False)
    await exchange.publish(message, key)
    return str(message.message_id)


async def ask_as(
    world: World, channel: AbstractChannel, user: str | None, body: Body, key: str, **options: Any
) -> Heard:
    """Publish a command that names its user, and wait for its answer."""
    seen = len(world.events)
    asked = await publish_as(channel, user, body, key, **options)

    def answer() -> Heard | None:
        return next((h for h in world.events[seen:] if h.properties.correlation_id == asked), None)

    heard: Heard = await world.until(answer)
    return heard
