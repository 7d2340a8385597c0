"""A broker user with a tenant's rights: what another tenant has is out of its reach."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed

from behaviour.router.tenants import A, B, tenants_users, write_configuration
from behaviour.router.world import Body, Heard, World, command, running_routers
from broker_users import BrokerUser
from herald.contracts.identifiers import message_id_for
from herald.contracts.topology import (
    CANCEL_KEY,
    COMMANDS,
    DEAD,
    EVENTS,
    OPERATOR_KEYS,
    OUTBOUND,
    RECEIPTS,
    SEND_KEYS,
    commands_queue,
)
from herald.contracts.vocabulary import Lane

SEND = SEND_KEYS[Lane.NORMAL]
THEIRS, OWN = f"events.{A}.orders", f"events.{B}.mine"


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
    """Give a router that knows the tenants, and a queue of the first one's events."""
    path = write_configuration(tmp_path_factory.mktemp("configuration"), users)
    async with running_routers(amqp_url, management_url, postgres_dsn, path=path) as running:
        await running.channel.declare_queue(THEIRS, durable=True)
        yield running


@asynccontextmanager
async def channel_of(user: BrokerUser) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(user.url) as connection:
        yield await connection.channel()


async def ask(
    world: World,
    user: BrokerUser,
    body: Body,
    key: str = SEND,
    *,
    headers: dict[str, Any] | None = None,
    named: bool = True,
) -> Heard:
    """Publish a command as a user; return its answer, whoever may read that."""
    asked = str(uuid.uuid4())
    message = aio_pika.Message(
        json.dumps(body).encode(),
        message_id=asked,
        correlation_id=asked,
        user_id=user.name if named else None,
        headers=headers,
    )
    async with channel_of(user) as channel:
        exchange = await channel.get_exchange(COMMANDS, ensure=False)
        await exchange.publish(message, key)
    answer: Heard = await world.until(
        lambda: next((h for h in world.events if h.properties.correlation_id == asked), None)
    )
    return answer


async def accepted(world: World, user: BrokerUser, tenant: str, **changes: Any) -> Body:
    """Send a tenant's message; return the answer's data."""
    answer = await ask(world, user, command(tenant=tenant, **changes))
    assert answer.key == f"command.accepted.{tenant}", answer.event
    return answer.data


def assert_refused(answer: Heard, field: str, tenant: str = B) -> Body:
    """Check that a command was refused, and that only its own tenant gets the answer."""
    assert answer.key == f"command.rejected.{tenant}"
    assert answer.data["field"] == field
    return answer.data


async def test_each_sends_for_itself(world: World, users: dict[str, BrokerUser]) -> None:
    """A tenant's rights are enough to send."""
    assert (await accepted(world, users[A], A))["tenant"] == A
    assert (await accepted(world, users[B], B))["tenant"] == B


async def test_nobody_sends_for_another(world: World, users: dict[str, BrokerUser]) -> None:
    """A command that names the other tenant is refused, and that one gets nothing."""
    assert_refused(await ask(world, users[B], command(tenant=A)), "tenant")


async def test_nobody_sends_unnamed(world: World, users: dict[str, BrokerUser]) -> None:
    """Without `user_id` it is nobody's command."""
    answer = await ask(world, users[B], command(tenant=A), named=False)
    assert_refused(answer, "tenant", "unknown")


async def test_nobody_names_another(world: World, users: dict[str, BrokerUser]) -> None:
    """The broker closes the channel of whoever claims another's name."""
    forged = BrokerUser(users[A].name, users[B].url)
    with pytest.raises(ChannelPreconditionFailed):
        await ask(world, forged, command(tenant=A))


@pytest.mark.parametrize("field", ["sender", "route"])
async def test_what_belongs_to_another_is_as_good_as_none(
    world: World, users: dict[str, BrokerUser], field: str
) -> None:
    """The other's sender and route can't be used, and look like names that are not there."""
    answer = await ask(world, users[B], command(tenant=B, **{field: "a"}))
    assert_refused(answer, field)
    nowhere = await ask(world, users[B], command(tenant=B, **{field: "nowhere"}))
    assert answer.data["reason"].replace("'a'", "") == nowhere.data["reason"].replace(
        "'nowhere'", ""
    )


async def test_nobody_takes_the_id_of_anothers_message_to_come(
    world: World, users: dict[str, BrokerUser]
) -> None:
    """It can be computed, and is refused; the other's command then gets it."""
    key = str(uuid.uuid4())
    future = str(message_id_for(A, key))
    assert_refused(await ask(world, users[B], command(tenant=B, id=future)), "id")
    mine = await accepted(world, users[A], A, idempotency_key=key)
    assert mine["message_id"] == future


async def test_an_id_in_use_tells_nothing(world: World, users: dict[str, BrokerUser]) -> None:
    """Whose it is, and how it stands, stays the other's."""
    theirs = await accepted(world, users[A], A, id=str(uuid.uuid4()))
    answer = await ask(world, users[B], command(tenant=B, id=theirs["message_id"]))
    data = assert_refused(answer, "id")
    assert data["reason"] == "id_taken"
    assert (data["message_id"], data["status"], data["outcome"]) == (None, None, None)


@pytest.mark.parametrize("named_as", [A, B])
@pytest.mark.parametrize("name", ["id", "idempotency_key"])
async def test_nobody_cancels_anothers(
    world: World, users: dict[str, BrokerUser], name: str, named_as: str
) -> None:
    """Neither as the other tenant nor as its own; the message goes its way."""
    key = str(uuid.uuid4())
    theirs = await accepted(world, users[A], A, idempotency_key=key)
    wanted = theirs["message_id"] if name == "id" else key
    answer = await ask(world, users[B], {"tenant": named_as, name: wanted}, CANCEL_KEY)
    assert_refused(answer, "tenant" if named_as == A else name)
    outcome = await world.database.fetchval(
        "SELECT outcome FROM router.messages WHERE id = $1", theirs["message_id"]
    )
    assert outcome is None


@pytest.mark.parametrize("key", OPERATOR_KEYS)
async def test_nobody_operates_by_a_copy_of_a_command(
    world: World, users: dict[str, BrokerUser], key: str
) -> None:
    """A second key in the header `CC` is refused by RabbitMQ 4, and by the router before."""
    body = command(tenant=B)
    try:
        await ask(world, users[B], body, headers={"CC": [key]})  # accepted, or its copy refused
    except ChannelAccessRefused:
        pass
    else:
        await world.until(
            lambda: [
                event
                for event in world.events_of("rejected", body["idempotency_key"])
                if (event.key, event.data["field"]) == (f"command.rejected.{B}", "routing_key")
            ]
        )
    assert await world.database.fetchval("SELECT count(*) FROM router.audit") == 0


Attempt = Callable[[AbstractChannel], Awaitable[object]]


def _publishes(exchange: str, key: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        target = await channel.get_exchange(exchange, ensure=False)
        await target.publish(aio_pika.Message(b"{}"), key)

    return attempt


def _binds(key: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        queue = await channel.declare_queue(OWN, durable=True)
        await queue.bind(EVENTS, key)

    return attempt


async def _take(message: AbstractIncomingMessage) -> None:
    await message.ack()


def _consumes(queue: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue, ensure=False)).consume(_take)

    return attempt


def _declares(name: str, **arguments: Any) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        await channel.declare_queue(name, durable=True, arguments=arguments)

    return attempt


async def _binds_an_exchange(channel: AbstractChannel) -> None:
    exchange = await channel.declare_exchange(f"events.{B}.copy", "topic")
    await exchange.bind(EVENTS, "#")


async def _deletes_theirs(channel: AbstractChannel) -> None:
    await channel.queue_delete(THEIRS)


async def _purges_theirs(channel: AbstractChannel) -> None:
    await (await channel.get_queue(THEIRS, ensure=False)).purge()


REFUSED: dict[str, Attempt] = {
    "a forged receipt": _publishes(RECEIPTS, "attempt.sms.normal"),
    "forged work": _publishes(OUTBOUND, "sms.normal"),
    "a forged event": _publishes(EVENTS, f"message.delivered.{B}"),
    "a forged dead letter": _publishes(DEAD, "router.receipts.normal"),
    **{f"an operator's {key}": _publishes(COMMANDS, key) for key in OPERATOR_KEYS},
    "the other's messages": _binds(f"message.*.{A}"),
    "the other's answers": _binds(f"command.#.{A}"),
    "the other's inbound": _binds(f"inbound.*.{A}"),
    "the other's accounts": _binds(f"account.updated.{A}"),
    "the other's attempts": _binds(f"attempt.*.*.{A}"),
    "nobody's rejections": _binds("command.rejected.unknown"),
    "everybody's": _binds("#"),
    "everybody's messages": _binds("message.*.*"),
    "everybody's by an exchange": _binds_an_exchange,
    "the other's queue": _consumes(THEIRS),
    "the other's queue, deleted": _deletes_theirs,
    "the other's queue, emptied": _purges_theirs,
    "a queue named as the other's": _declares(f"events.{A}.new"),
    "a queue named as a longer tenant's": _declares(f"events.{B}2.new"),
    "a queue named as Herald's": _declares("router.new"),
    "commands as they come": _consumes(commands_queue(Lane.NORMAL)),
    "receipts by way of dead letters": _declares(
        f"events.{B}.trap",
        **{"x-message-ttl": 1, "x-dead-letter-exchange": RECEIPTS},
    ),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_the_broker_refuses(world: World, users: dict[str, BrokerUser], what: str) -> None:
    """What a tenant has no business with ends its channel, and does nothing."""
    async with channel_of(users[B]) as channel:
        with pytest.raises(ChannelAccessRefused):
            await REFUSED[what](channel)
