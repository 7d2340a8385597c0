"""Declaring and checking the topology on a real broker."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from yarl import URL

from behaviour.bus.publishing import publish_confirmed
from behaviour.bus.rabbit import Rabbit, WorkQueue, until
from herald.bus.checking import check
from herald.bus.connections import Connections
from herald.bus.declaration import apply
from herald.bus.deliveries import Delivery
from herald.bus.drift import Comparison, Drift
from herald.bus.entities import existing_queue
from herald.bus.errors import ManagementError, TopologyConflictError
from herald.bus.subscribers import subscribe_batches
from herald.contracts import topology
from herald.contracts.bus_entities import Binding, Exchange, Queue, Topology
from herald.contracts.topology import topology_for
from herald.contracts.vocabulary import Lane

CHANNELS = ["sms", "email"]
BUS = topology_for(CHANNELS)
NOTHING = Comparison(differences=())


async def restricted_user(rabbit: Rabbit) -> str:
    """Make a broker user that may declare nothing; return the broker's URL with it."""
    user = f"service-{uuid.uuid4().hex[:8]}"
    await rabbit.call("PUT", f"users/{user}", {"password": "p", "tags": ""})
    await rabbit.call(
        "PUT",
        f"permissions/{rabbit.vhost}/{user}",
        {"configure": "^$", "write": r"^herald\.", "read": r"^outbound\."},
    )
    return str(URL(rabbit.amqp_url).with_user(user).with_password("p"))


async def test_applied_topology_has_no_drift(rabbit: Rabbit) -> None:
    """After `apply`, once or twice, `check` finds no difference either way."""
    for _ in range(2):
        await apply(rabbit.amqp_url, BUS, management_url=rabbit.management_url)
    assert (await check(rabbit.amqp_url, BUS)).differences == ()
    assert await check(rabbit.amqp_url, BUS, management_url=rabbit.management_url) == NOTHING


async def test_missing_entities_are_found_without_the_management_api(rabbit: Rabbit) -> None:
    """AMQP alone shows which exchanges and queues are missing."""
    await apply(rabbit.amqp_url, BUS)
    wanted = Topology(
        (*BUS.exchanges, Exchange("x.new")),
        (*BUS.queues, Queue("q.new", dead_letters_to=topology.DEAD)),
        (),
        (),
    )
    assert (await check(rabbit.amqp_url, wanted)).differences == (
        Drift("exchange", "x.new", "missing"),
        Drift("queue", "q.new", "missing"),
    )


async def test_another_kind_of_queue_is_found_without_the_management_api(rabbit: Rabbit) -> None:
    """A classic queue in place of ours differs; bindings and policies are said to be unseen."""
    await apply(rabbit.amqp_url, BUS)
    name = f"classic.{uuid.uuid4().hex[:8]}"
    async with rabbit.channel() as channel:
        await channel.declare_queue(name, durable=True)
        wanted = replace(BUS, queues=(*BUS.queues, Queue(name, dead_letters_to=topology.DEAD)))
        found = await check(rabbit.amqp_url, wanted)
        await channel.queue_delete(name)
    [drift] = found.differences
    assert (drift.name, drift.difference) == (name, "differs")
    assert "inequivalent arg" in drift.detail
    assert found.unseen == ("bindings", "policies")


async def test_what_a_user_may_not_configure_is_unseen(rabbit: Rabbit) -> None:
    """Without the right to configure, only what exists is seen, and nothing is changed."""
    await apply(rabbit.amqp_url, BUS)
    found = await check(await restricted_user(rabbit), BUS)
    assert found.differences == ()
    assert f"type and arguments of queue {topology.receipts_queue(Lane.NORMAL)}" in found.unseen
    assert len(found.unseen) == len(BUS.queues) + len(BUS.exchanges) + 2


async def test_other_arguments_bindings_and_policies_are_found(rabbit: Rabbit) -> None:
    """The management API shows what differs and in what."""
    await apply(rabbit.amqp_url, BUS, management_url=rabbit.management_url)
    name = topology.receipts_queue(Lane.NORMAL)
    wanted = Topology(
        exchanges=BUS.exchanges,
        queues=tuple(replace(q, delivery_limit=7) if q.name == name else q for q in BUS.queues),
        bindings=(*BUS.bindings[:-1], Binding(topology.EVENTS, "new.key", name)),
        policies=tuple(replace(policy, priority=3) for policy in BUS.policies),
    )
    found = await check(rabbit.amqp_url, wanted, management_url=rabbit.management_url)
    assert list(found.differences) == [
        Drift("queue", name, "differs", "x-delivery-limit: expected 7, found 20"),
        Drift("binding", f"herald.events -[new.key]-> {name}", "missing"),
        Drift("binding", "herald.dead -[#]-> herald.dead", "unexpected"),
        Drift("policy", "herald-events", "differs", "priority: expected 3, found 0"),
        Drift("policy", "herald-commands", "differs", "priority: expected 3, found 0"),
    ]


async def test_conflicting_queue_is_reported_and_the_rest_declared(rabbit: Rabbit) -> None:
    """What exists with other arguments is named; it keeps nothing else from being declared."""
    wanted = (
        Queue(
            topology.receipts_queue(Lane.NORMAL), delivery_limit=7, dead_letters_to=topology.DEAD
        ),
        Queue("q.after"),
    )
    await apply(rabbit.amqp_url, BUS)
    with pytest.raises(TopologyConflictError, match=r"queue router\.receipts\.normal: differs"):
        await apply(rabbit.amqp_url, Topology((), wanted, (), ()))
    assert await rabbit.ready("q.after") == 0


async def test_unreachable_management_api_is_an_error_without_its_password(
    rabbit: Rabbit,
) -> None:
    """A management URL that answers nothing is an error of its own, without its password."""
    url = "http://user:hunter2@127.0.0.1:1"
    with pytest.raises(ManagementError) as caught:
        await check(rabbit.amqp_url, BUS, management_url=url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "queue"),
    [
        ("message.send", "router.commands.normal"),
        ("message.send.urgent", "router.commands.urgent"),
        ("message.send.bulk", "router.commands.bulk"),
        ("message.cancel", "router.control"),
        ("recipient.suppress", "router.control"),
        ("recipient.unsuppress", "router.control"),
        ("recipient.erase", "router.control"),
        ("message.sned", "router.unroutable"),
    ],
)
async def test_commands_reach_their_queue(rabbit: Rabbit, key: str, queue: str) -> None:
    """Every command key leads to one queue, and a key nobody knows to the router as well."""
    await apply(rabbit.amqp_url, BUS)
    await rabbit.fill(topology.COMMANDS, key, [b"{}"])
    [message] = await rabbit.drain(queue, expect=1)
    assert message.routing_key == key


@pytest.mark.parametrize("queue", ["router.receipts", "outbound.sms.urgent", "router.control"])
async def test_rejected_message_is_dead_lettered_under_its_queue(
    rabbit: Rabbit, queue: str
) -> None:
    """A rejected message goes to `herald.dead` with its queue's name as key."""
    await apply(rabbit.amqp_url, BUS)
    async with rabbit.channel() as channel:
        await channel.default_exchange.publish(aio_pika.Message(b"bad", delivery_mode=2), queue)
        message = await (await channel.get_queue(queue)).get(timeout=5)
        assert message is not None
        await message.reject(requeue=False)
    [dead] = await rabbit.drain(topology.DEAD_QUEUE, expect=1)
    assert (dead.routing_key, dead.exchange) == (queue, topology.DEAD)


async def test_user_queues_are_bound_by_the_policy(rabbit: Rabbit) -> None:
    """A queue named `events.*` drops its oldest messages beyond a size; ours are left alone."""
    await apply(rabbit.amqp_url, BUS, management_url=rabbit.management_url)
    async with rabbit.channel() as channel:
        for name in ("events.shop", "my.events.shop"):
            await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
    policies: dict[str, object] = {}
    async with asyncio.timeout(20):  # the management API learns of a queue's policy with a delay
        # at first it lists none at all, RabbitMQ 4.3 an empty one
        while not (policies.get("events.shop") and policies.get("router.commands.bulk")):
            policies = {
                row["name"]: row.get("effective_policy_definition")
                for row in await rabbit.call("GET", f"queues/{rabbit.vhost}")
            }
            await asyncio.sleep(0.2)
    [events] = [p for p in BUS.policies if p.name == "herald-events"]
    assert events.definition["overflow"] == "drop-head"
    assert policies["events.shop"] == events.definition
    assert not policies["my.events.shop"]
    assert not policies[topology.receipts_queue(Lane.NORMAL)]
    assert policies["router.commands.bulk"] == {"max-length-bytes": 1024**3}


async def test_service_needs_no_right_to_configure(
    rabbit: Rabbit, work: WorkQueue, registry: CollectorRegistry
) -> None:
    """A broker user that may declare nothing can run a service."""
    url = await restricted_user(rabbit)
    service = Connections(url, app_id="restricted", registry=registry)
    got: list[bytes] = []

    async def take(batch: Sequence[Delivery]) -> None:
        got.extend(d.body for d in batch)

    subscriber = subscribe_batches(
        service.consuming,
        existing_queue(work.queue),
        take,
        prefetch=10,
        max_batch=10,
        payload_models=[BaseModel],
        title="t",
        description="d",
        registry=registry,
    )
    try:
        await service.start()
        await until(lambda: service.is_connected)
        await publish_confirmed(service.publisher, work.message("allowed"))
        await until(lambda: got == [b"allowed"] and subscriber.healthy)
        with pytest.raises(ChannelAccessRefused):
            await apply(url, Topology((Exchange("new"),), (), (), ()))
    finally:
        await service.stop()
        await rabbit.call("DELETE", f"users/{URL(url).user}")
