"""Declaring the topology on a broker. Only `herald topology` does; services declare nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelPreconditionFailed
from yarl import URL

from herald.bus.drift import Drift
from herald.bus.errors import TopologyConflictError
from herald.bus.management import Management
from herald.contracts.bus_entities import Binding, Exchange, Queue, Topology

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
    async with connected(connection_url) as connection:
        for exchange in topology.exchanges:
            conflicts += await declare(connection, exchange)
        for queue in topology.queues:
            conflicts += await declare(connection, queue)
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


def virtual_host(connection_url: str) -> str:
    """Read the virtual host from an AMQP URL; `/` when it names none."""
    return URL(connection_url).path.removeprefix("/") or "/"


@asynccontextmanager
async def connected(connection_url: str) -> AsyncIterator[AbstractConnection]:
    """Give a connection for the time of a `with` block; failing is an error, not awaited."""
    connection = await aio_pika.connect(connection_url, timeout=_CONNECT_TIMEOUT_SECONDS)
    try:
        yield connection
    finally:
        await connection.close()


async def declare(connection: AbstractConnection, entity: Exchange | Queue) -> list[Drift]:
    """Declare on a channel of its own, for a refusal closes it; return what it has otherwise.

    Raises:
        ChannelAccessRefused: the user may not configure it.
    """
    channel = await connection.channel()
    try:
        if isinstance(entity, Exchange):
            await channel.declare_exchange(
                entity.name, entity.kind, durable=True, arguments=dict(entity.arguments)
            )
        else:
            await channel.declare_queue(entity.name, durable=True, arguments=dict(entity.arguments))
    except ChannelPreconditionFailed as error:
        return [Drift(kind_of(entity), entity.name, "differs", str(error))]
    await channel.close()
    return []


async def _bind(channel: AbstractChannel, binding: Binding) -> None:
    queue = await channel.get_queue(binding.queue, ensure=False)
    await queue.bind(binding.exchange, binding.routing_key)


def kind_of(entity: Exchange | Queue) -> Literal["exchange", "queue"]:
    """Say what it is."""
    return "exchange" if isinstance(entity, Exchange) else "queue"
