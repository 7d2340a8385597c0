"""RabbitMQ itself gives a command up: whose it was must outlive that, or its tenant refuses it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aio_pika.abc import AbstractIncomingMessage

from behaviour.router.commanding import commander
from behaviour.router.world import World, build_routers, command, running_routers
from broker_users import broker_user
from herald.contracts.rights import tenant_rights
from herald.contracts.topology import DEAD_QUEUE, commands_queue
from herald.contracts.vocabulary import Lane

OWN = "herald-test-own"  # of the tenant `closed`, by the routers' configuration
MOST_DELIVERIES = 40  # far above the queues' limit


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(amqp_url: str, management_url: str, postgres_dsn: str) -> AsyncIterator[World]:
    """Prepare broker and database, and run no router yet."""
    async with running_routers(amqp_url, management_url, postgres_dsn, number=0) as running:
        yield running


async def _deliver_and_lose(world: World, queue: str) -> AbstractIncomingMessage | None:
    """Take a message and lose the channel it came on, as a router does whose link is cut."""
    async with world.rabbit.channel() as channel:
        taken: AbstractIncomingMessage | None = await (await channel.get_queue(queue)).get(
            fail=False
        )
        return taken


async def _give_up(world: World, queue: str) -> AbstractIncomingMessage:
    """Deliver a message until the broker has dead-lettered it; return it as it was last."""
    last: AbstractIncomingMessage | None = None
    for _ in range(MOST_DELIVERIES):
        taken = await _deliver_and_lose(world, queue)
        last = taken or last
        if taken is None and await world.rabbit.ready(DEAD_QUEUE):
            break
    assert last is not None
    return last


async def test_a_command_given_up_is_its_users_still(
    world: World, amqp_url: str, postgres_dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The drain hands it to its handler with the user that the broker checked: it is accepted."""
    rabbit, key = world.rabbit, str(uuid.uuid4())
    with broker_user(
        rabbit.management_url, rabbit.amqp_url, rabbit.vhost, tenant_rights("closed"), OWN
    ) as user:
        async with commander(user) as own:
            body = command(tenant="closed", idempotency_key=key)
            await own.publish(body, "message.send", user_id=OWN)
    given_up = await _give_up(world, commands_queue(Lane.NORMAL))
    assert given_up.user_id == OWN
    [router] = build_routers(amqp_url, postgres_dsn, 1, tmp_path_factory.mktemp("router"))
    async with router.router.lifespan_context(router):
        [event] = await world.heard("accepted", key)
        user_kept = await world.row(
            "SELECT element ->> 'user' FROM router.history"
            " WHERE message_id = $1 AND fact LIKE 'command:%'",
            event["message_id"],
        )
    assert user_kept == OWN
    assert await rabbit.ready(DEAD_QUEUE) == 0
