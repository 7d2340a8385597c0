"""A tenant's commands come from its own broker users: the broker says who published."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aiormq.exceptions import ChannelPreconditionFailed
from yarl import URL

from behaviour.router.world import World, command
from herald.topology import COMMANDS
from herald_local.web import call

OWN, STRANGER = "herald-test-own", "herald-test-stranger"
PASSWORD = uuid.uuid4().hex
RIGHTS = {"configure": "^$", "write": r"^herald\.commands$", "read": "^$"}


@pytest.fixture(autouse=True)
def users(world: World) -> Iterator[None]:
    """Give the broker two users who may publish commands and nothing else."""
    management = world.rabbit.management_url
    for user in (OWN, STRANGER):
        created = json.dumps({"password": PASSWORD, "tags": ""}).encode()
        assert call("PUT", f"{management}/api/users/{user}", created).status in {201, 204}
        path = f"/api/permissions/{world.rabbit.vhost}/{user}"
        assert call("PUT", f"{management}{path}", json.dumps(RIGHTS).encode()).status in {201, 204}
    yield
    for user in (OWN, STRANGER):
        call("DELETE", f"{management}/api/users/{user}")


@asynccontextmanager
async def connected(world: World, user: str) -> AsyncIterator[AbstractChannel]:
    url = URL(world.rabbit.amqp_url).with_user(user).with_password(PASSWORD)
    async with await aio_pika.connect(str(url)) as connection:
        yield await connection.channel()


async def publish(channel: AbstractChannel, key: str, user_id: str | None) -> None:
    """Publish a command for the closed tenant."""
    body = json.dumps(command(tenant="closed", idempotency_key=key)).encode()
    message = aio_pika.Message(body, message_id=str(uuid.uuid4()), user_id=user_id)
    exchange = await channel.get_exchange(COMMANDS, ensure=False)
    await exchange.publish(message, "message.send")


async def test_the_tenants_user_is_taken_and_kept(world: World) -> None:
    """The command is accepted, and the history says whose it was."""
    key = str(uuid.uuid4())
    async with connected(world, OWN) as channel:
        await publish(channel, key, OWN)
    [told] = await world.heard("accepted", key)
    kept = await world.row(
        "SELECT element ->> 'user' FROM router.history"
        " WHERE message_id = $1 AND fact LIKE 'command:%'",
        told["message_id"],
    )
    assert kept == OWN


@pytest.mark.parametrize("named", [STRANGER, None])
async def test_a_stranger_is_refused(world: World, named: str | None) -> None:
    """Whatever tenant the command names; the tenant does not even hear of it."""
    key = str(uuid.uuid4())
    async with connected(world, STRANGER) as channel:
        await publish(channel, key, named)
    [told] = await world.heard("rejected", key)
    assert told["field"] == "tenant"
    [heard] = world.told("rejected", key)
    assert heard.key == "command.rejected.unknown"


async def test_nobody_passes_for_another(world: World) -> None:
    """The broker itself refuses a user_id that is not the connection's."""
    async with connected(world, STRANGER) as channel:
        with pytest.raises(ChannelPreconditionFailed):
            await publish(channel, str(uuid.uuid4()), OWN)
