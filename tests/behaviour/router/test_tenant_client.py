"""The Python client as a broker user with exactly a tenant's rights."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from behaviour.router.receipts import receipt, webhook
from behaviour.router.tenants import A, B, tenants_users, write_configuration
from behaviour.router.world import World, running_routers
from broker_users import BrokerUser
from herald.client import Answer, Client, ConnectionFailedError, RejectedError, TopologyMissingError
from herald.contracts.events import MessageData
from herald.contracts.vocabulary import Outcome, Status
from herald.contracts.work import Work

MESSAGE = {"to": {"phone": "+15550002222"}, "content": {"text": "Hello"}}


@pytest.fixture(scope="module")
def users(management_url: str, amqp_url: str, vhost: str) -> Iterator[dict[str, BrokerUser]]:
    """Give the two tenants their users."""
    with tenants_users(management_url, amqp_url, vhost) as given:
        yield given


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    users: dict[str, BrokerUser],
    amqp_url: str,
    management_url: str,
    postgres_dsn: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[World]:
    """Give a router that knows the tenants."""
    path = write_configuration(tmp_path_factory.mktemp("configuration"), users)
    async with running_routers(amqp_url, management_url, postgres_dsn, path=path) as running:
        yield running


@pytest_asyncio.fixture(params=[A, "default"])
async def herald(
    request: pytest.FixtureRequest, users: dict[str, BrokerUser]
) -> AsyncIterator[Client]:
    """Give the client of a tenant that names its users, and of one that does not."""
    async with Client(users[request.param].url, tenant=request.param) as client:
        yield client


async def work_of(world: World, answer: Answer) -> Work:
    work: Work = await world.until(
        lambda: next((w for w in world.works if w.message_id == answer.message_id), None)
    )
    return work


async def deliver(world: World, answer: Answer) -> None:
    """Be the worker and the provider of a message."""
    work = await work_of(world, answer)
    await world.report(receipt(work, Status.ACCEPTED), webhook(work, Status.DELIVERED))


async def test_it_sends_and_waits(world: World, herald: Client) -> None:
    """Its answer and what becomes of the message come on a queue of its own."""
    answer = await herald.send(MESSAGE, timeout_seconds=20)
    waiting = asyncio.create_task(herald.wait(answer.message_id, timeout_seconds=20))
    await deliver(world, answer)
    assert (await waiting).outcome is Outcome.SUCCEEDED


async def test_it_hears_events(world: World, herald: Client) -> None:
    """All of its tenant's, without naming a pattern."""
    async with herald.events() as events:
        answer = await herald.send(MESSAGE, timeout_seconds=20)
        await deliver(world, answer)
        async with asyncio.timeout(20):
            async for event in events:
                if isinstance(event.data, MessageData) and event.data.outcome is not None:
                    break
    assert event.subject == answer.message_id


async def test_it_cancels(herald: Client) -> None:
    """And is answered with what the message then is."""
    answer = await herald.send({**MESSAGE, "idempotency_key": str(uuid.uuid4())})
    cancelled = await herald.cancel(idempotency_key=answer.idempotency_key, timeout_seconds=20)
    assert cancelled.message_id == answer.message_id


async def test_it_hears_refusals(herald: Client) -> None:
    """Also of what only the router can know."""
    with pytest.raises(RejectedError) as caught:
        await herald.send({**MESSAGE, "route": "nowhere"}, timeout_seconds=20)
    assert caught.value.field == "route"


async def test_a_missing_queue_of_a_user_is_the_users(users: dict[str, BrokerUser]) -> None:
    """`herald topology apply` would not declare it."""
    queue = f"events.{A}.missing"
    async with Client(users[A].url, tenant=A) as client:
        with pytest.raises(TopologyMissingError, match=rf"no queue {re.escape(queue)}: declare"):
            await client.events(queue=queue).__aenter__()


async def test_too_large_a_command_is_refused_at_once(herald: Client) -> None:
    """The router could not read whose it is, so its answer would not be heard."""
    with pytest.raises(RejectedError, match="larger than 256 KiB"):
        await herald.send({**MESSAGE, "content": {"html": "é" * 200_000}})


async def test_it_hears_nothing_of_others(users: dict[str, BrokerUser]) -> None:
    """A client that says it is another tenant's is refused by the broker."""
    async with Client(users[B].url, tenant=A) as client:
        with pytest.raises(ConnectionFailedError, match="ACCESS_REFUSED"):
            await client.send(MESSAGE)
        with pytest.raises(ConnectionFailedError, match="ACCESS_REFUSED"):
            async with client.events(f"message.*.{A}"):
                pass
