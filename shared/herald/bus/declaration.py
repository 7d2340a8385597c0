"""Declaring the topology on a broker, and telling how a broker differs from it.

Only `herald topology apply` and `herald topology check` come here; services declare nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed
from yarl import URL

from herald.bus.drift import Drift, compare
from herald.bus.errors import TopologyConflictError
from herald.bus.management import Management
from herald.topology import Binding, Exchange, Queue, Topology

_CONNECT_TIMEOUT_SECONDS = 10


async def apply(
    connection_url: str, topology: Topology, *, management_url: str | None = None
) -> None:
    """Declare everything, and set the policies when a management URL is given. Safe to repeat.

    Deletes nothing and changes no existing argument: RabbitMQ can't.

    Raises:
        TopologyConflictError: something exists with other arguments; all else was declared.
        aio_pika.exceptions.AMQPError, OSError: the broker can't be reached or refuses the user.
        ManagementError: the policies were not set.
    """
    conflicts: list[Drift] = []
    async with _connected(connection_url) as connection:
        for exchange in topology.exchanges:
            conflicts += await _declare(connection, exchange)
        for queue in topology.queues:
            conflicts += await _declare(connection, queue)
        async with connection.channel() as channel:
            for binding in topology.bindings:
                await _bind(channel, binding)
    if management_url is not None:
        async with Management(management_url, virtual_host(connection_url)) as management:
            for policy in topology.policies:
                await management.put_policy(
                    policy.name,
                    pattern=policy.pattern,
                    definition=policy.definition,
                    priority=policy.priority,
                )
    if conflicts:
        raise TopologyConflictError(conflicts)


async def check(
    connection_url: str, topology: Topology, *, management_url: str | None = None
) -> list[Drift]:
    """Tell how the broker differs from the topology; an empty list when it does not.

    AMQP alone tells what is missing. Arguments, bindings and policies are only compared when a
    management URL is given.

    Raises:
        aio_pika.exceptions.AMQPError, OSError: the broker can't be reached or refuses the user.
        ManagementError: the management API did not answer.
    """
    if management_url is None:
        return await _check_existence(connection_url, topology)
    async with Management(management_url, virtual_host(connection_url)) as management:
        return compare(
            topology,
            exchanges=await management.list("exchanges"),
            queues=await management.list("queues"),
            bindings=await management.list("bindings"),
            policies=await management.list("policies"),
        )


def virtual_host(connection_url: str) -> str:
    """Read the virtual host from an AMQP URL; `/` when it names none."""
    return URL(connection_url).path.removeprefix("/") or "/"


@asynccontextmanager
async def _connected(connection_url: str) -> AsyncIterator[AbstractConnection]:
    connection = await aio_pika.connect(connection_url, timeout=_CONNECT_TIMEOUT_SECONDS)
    try:
        yield connection
    finally:
        await connection.close()


async def _declare(connection: AbstractConnection, entity: Exchange | Queue) -> list[Drift]:
    """Declare on a channel of its own: a refusal closes it."""
    channel = await connection.channel()
    try:
        if isinstance(entity, Exchange):
            await channel.declare_exchange(
                entity.name, entity.kind, durable=True, arguments=dict(entity.arguments)
            )
        else:
            await channel.declare_queue(entity.name, durable=True, arguments=dict(entity.arguments))
    except ChannelPreconditionFailed as error:
        return [Drift(_kind(entity), entity.name, "differs", str(error))]
    await channel.close()
    return []


async def _bind(channel: AbstractChannel, binding: Binding) -> None:
    queue = await channel.get_queue(binding.queue, ensure=False)
    await queue.bind(binding.exchange, binding.routing_key)


async def _check_existence(connection_url: str, topology: Topology) -> list[Drift]:
    async with _connected(connection_url) as connection:
        entities: list[Exchange | Queue] = [*topology.exchanges, *topology.queues]
        return [
            Drift(_kind(entity), entity.name, "missing")
            for entity in entities
            if not await _exists(connection, entity)
        ]


async def _exists(connection: AbstractConnection, entity: Exchange | Queue) -> bool:
    channel = await connection.channel()
    try:
        if isinstance(entity, Exchange):
            await channel.get_exchange(entity.name)
        else:
            await channel.get_queue(entity.name)
    except ChannelNotFoundEntity:
        return False
    await channel.close()
    return True


def _kind(entity: Exchange | Queue) -> Literal["exchange", "queue"]:
    return "exchange" if isinstance(entity, Exchange) else "queue"
