"""Comparing a broker with the topology, as far as the ways to ask it go.

The management API shows everything. AMQP shows what exists, and, by declaring it again, whether
its arguments are others: the broker refuses that, and does nothing when they are the same. For
this the user must have the right to configure it. Bindings, policies and what users may do AMQP
can't show; the last takes an administrator's management URL.
"""

from __future__ import annotations

from collections.abc import Sequence

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq.exceptions import ChannelAccessRefused

from herald.bus.declaration import connected, declare, kind_of, virtual_host
from herald.bus.drift import Comparison, Drift, compare
from herald.bus.errors import ManagementError
from herald.bus.management import Management
from herald.bus.permissions import check_permissions
from herald.contracts.bus_entities import Exchange, Queue, Topology
from herald.contracts.rights import UserRights

UNSEEN_USERS = "users' permissions (they take an administrator's URL)"


async def check(
    connection_url: str,
    topology: Topology,
    *,
    users: Sequence[UserRights] = (),
    management_url: str | None = None,
) -> Comparison:
    """Return how the broker differs from the topology, and what can't be seen. Changes nothing.

    `users`: whose rights are compared, too.

    Raises:
        aio_pika.exceptions.AMQPError, OSError: the broker can't be reached or refuses the user.
        ManagementError: the management API did not answer.
    """
    if management_url is None:
        return await _check_over_amqp(connection_url, topology, users)
    async with Management(management_url, virtual_host(connection_url)) as management:
        differences = compare(
            topology,
            exchanges=await management.list("exchanges"),
            queues=await management.list("queues"),
            bindings=await management.list("bindings"),
            policies=await management.list("policies"),
        )
        try:
            differences += await check_permissions(management, users)
        except ManagementError as error:
            if not error.is_refusal:
                raise
            return Comparison(tuple(differences), (UNSEEN_USERS,))
    return Comparison(tuple(differences))


async def _check_over_amqp(
    connection_url: str, topology: Topology, users: Sequence[UserRights]
) -> Comparison:
    differences: list[Drift] = []
    unseen: list[str] = []
    entities: list[Exchange | Queue] = [*topology.exchanges, *topology.queues]
    async with connected(connection_url) as connection:
        for entity in entities:
            kind = kind_of(entity)
            if not await _exists(connection, entity):
                differences.append(Drift(kind, entity.name, "missing"))
                continue
            try:
                differences += await declare(connection, entity)
            except ChannelAccessRefused:
                unseen.append(f"type and arguments of {kind} {entity.name}")
    if topology.bindings:
        unseen.append("bindings")
    if topology.policies:
        unseen.append("policies")
    if users:
        unseen.append(UNSEEN_USERS)
    return Comparison(tuple(differences), tuple(unseen))


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
