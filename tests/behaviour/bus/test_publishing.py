"""Publishing with confirms on a real broker."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import aio_pika
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from behaviour.bus.link import linked
from behaviour.bus.publishing import publish_confirmed
from behaviour.bus.rabbit import Rabbit, WorkQueue, until
from herald.bus.connections import Connections
from herald.bus.errors import (
    NackedError,
    PublishError,
    RefusedError,
    TimedOutError,
    UnavailableError,
    UnroutableError,
)
from herald.bus.publishing import Publisher
from herald.contracts import topology


@pytest_asyncio.fixture
async def publisher(connections: Connections) -> Publisher:
    """Give a publisher whose connection is up."""
    await connections.start()
    await until(lambda: connections.is_connected)
    return connections.publisher


async def test_confirmed_message_arrives_with_its_properties(
    publisher: Publisher, connections: Connections, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A confirmed message is in the queue, persistent, with the properties consumers rely on."""
    await publish_confirmed(
        publisher, work.message("id-1", body=b'{"a":1}', correlation_id="c-1", headers={"h": "v"})
    )
    [message] = await rabbit.drain(work.queue, expect=1)
    assert (message.body, message.message_id, message.type) == (b'{"a":1}', "id-1", "test")
    assert (message.correlation_id, message.headers["h"]) == ("c-1", "v")
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert message.content_type == "application/json"
    assert message.app_id == connections.publishing.app_id
    assert message.timestamp is not None
    assert abs(message.timestamp - datetime.now(UTC)) < timedelta(seconds=5)


async def test_unroutable_internal_message_is_an_error(
    publisher: Publisher, work: WorkQueue
) -> None:
    """A mandatory message that no queue takes is not confirmed."""
    with pytest.raises(UnroutableError):
        await publish_confirmed(publisher, work.message("lost", routing_key="nobody.normal"))


async def test_unbound_public_event_is_confirmed(publisher: Publisher, work: WorkQueue) -> None:
    """A message that is not mandatory is confirmed although no queue is bound."""
    await publish_confirmed(
        publisher,
        work.message("unbound", exchange=topology.EVENTS, routing_key="x.y.z", mandatory=False),
    )


async def test_full_queue_is_a_nack(publisher: Publisher, rabbit: Rabbit, work: WorkQueue) -> None:
    """A message refused by a full queue is one failure, and no other."""
    async with rabbit.channel() as channel:
        full = await channel.declare_queue(
            f"events.full.{work.channel}",
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-max-length": 1,
                "x-overflow": "reject-publish",
            },
        )
        await full.bind(topology.EVENTS, f"full.{work.channel}")
    messages = [
        work.message(f"n{i}", exchange=topology.EVENTS, routing_key=f"full.{work.channel}")
        for i in range(20)
    ]
    results = [(await publisher.publish_many([message]))[0] for message in messages]
    assert results[0] is None
    assert isinstance(results[-1], NackedError)


async def test_every_outcome_belongs_to_its_frame(
    publisher: Publisher, rabbit: Rabbit, work: WorkQueue
) -> None:
    """Of many messages in flight at once each gets its own result, in order."""
    messages = [
        work.message(f"f{i}", routing_key="nobody.normal" if i % 10 == 0 else work.key)
        for i in range(500)
    ]
    results = await publisher.publish_many(messages)
    assert [isinstance(o, UnroutableError) for o in results] == [i % 10 == 0 for i in range(500)]
    assert [o is None for o in results] == [i % 10 != 0 for i in range(500)]
    assert len(await rabbit.drain(work.queue, expect=450)) == 450


async def test_messages_of_one_call_keep_their_order(
    publisher: Publisher, rabbit: Rabbit, work: WorkQueue
) -> None:
    """Frames published together arrive in the order given."""
    await publisher.publish_many([work.message(f"o{i}") for i in range(200)])
    arrived = await rabbit.drain(work.queue, expect=200)
    assert [m.message_id for m in arrived] == [f"o{i}" for i in range(200)]


async def test_same_id_waits_for_its_twin(
    publisher: Publisher, rabbit: Rabbit, work: WorkQueue
) -> None:
    """One id published twice at once, in one call or in two, gets two true results."""
    lost = work.message("twin", routing_key="nobody.normal")
    good = work.message("twin")
    together = await publisher.publish_many([lost, good, lost])
    apart = await asyncio.gather(
        publisher.publish_many([good]), publisher.publish_many([lost]), return_exceptions=False
    )
    assert [type(o) for o in together] == [UnroutableError, type(None), UnroutableError]
    assert [type(o) for [o] in apart] == [type(None), UnroutableError]
    assert len(await rabbit.drain(work.queue, expect=2)) == 2


async def test_large_body_arrives_whole(
    publisher: Publisher, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A body of several AMQP frames is put together again."""
    body = bytes(range(256)) * 2000
    await publish_confirmed(publisher, work.message("large", body=body))
    [message] = await rabbit.drain(work.queue, expect=1)
    assert message.body == body


async def test_unencodable_message_spoils_no_other(
    publisher: Publisher, rabbit: Rabbit, work: WorkQueue
) -> None:
    """A message that can't be put on the wire is refused alone; later confirms still match."""
    results = await publisher.publish_many(
        [
            work.message("a"),
            work.message("b", routing_key="k" * 256),
            work.message("c", headers={"h": "x" * 200_000}),
            work.message("d", headers={"h": object()}),
            work.message("e"),
        ]
    )
    kinds = [type(o) for o in results]
    assert kinds == [type(None), RefusedError, RefusedError, RefusedError, type(None)]
    assert [m.message_id for m in await rabbit.drain(work.queue, expect=2)] == ["a", "e"]


async def test_publish_before_the_connection_is_up_fails_at_once(
    connections: Connections, work: WorkQueue
) -> None:
    """Without a connection a publish says so instead of waiting for its timeout."""
    started = time.monotonic()
    with pytest.raises(UnavailableError):
        await publish_confirmed(connections.publisher, work.message("early"))
    assert time.monotonic() - started < 0.5


async def test_missing_exchange_costs_no_later_publish(
    publisher: Publisher, work: WorkQueue
) -> None:
    """A publish that closes the channel fails; the channel is back for the next ones."""
    with pytest.raises(UnavailableError, match="NOT_FOUND"):
        await publish_confirmed(publisher, work.message("x", exchange="no-such-exchange"))
    results: list[PublishError | None] = []

    async def again() -> None:
        while not results or results[-1] is not None:
            results.extend(await publisher.publish_many([work.message(f"y{len(results)}")]))
            await asyncio.sleep(0.02)

    await asyncio.wait_for(again(), 5)


async def test_nothing_confirmed_is_lost_when_the_connection_is_closed(
    publisher: Publisher, connections: Connections, rabbit: Rabbit, work: WorkQueue
) -> None:
    """Through a lost connection each is confirmed or failed, and the confirmed are there."""
    confirmed: set[str] = set()
    failures: list[PublishError] = []
    stop = asyncio.Event()

    async def load() -> None:
        batch = 0
        while not stop.is_set():
            messages = [work.message(f"{batch}-{i}") for i in range(50)]
            for message, result in zip(
                messages, await publisher.publish_many(messages), strict=True
            ):
                if result is None:
                    confirmed.add(message.message_id)
                else:
                    failures.append(result)
            batch += 1
            await asyncio.sleep(0)

    loading = asyncio.create_task(load())
    await until(lambda: len(confirmed) > 500)
    assert await rabbit.close_connections(f"{connections.publishing.app_id} publishing")
    await until(lambda: failures)
    before = len(confirmed)
    await until(lambda: len(confirmed) > before + 500)
    stop.set()
    await loading
    there = {m.message_id for m in await rabbit.drain(work.queue)}
    assert confirmed <= there
    assert {type(failure) for failure in failures} == {UnavailableError}


async def test_timed_out_message_may_still_arrive(
    rabbit: Rabbit, work: WorkQueue, registry: CollectorRegistry
) -> None:
    """On a link that holds bytes back a publish ends at its own deadline, and arrives later."""
    async with linked(rabbit.amqp_url) as (link, url):
        service = Connections(url, app_id="held", registry=registry)
        await service.start()
        await until(lambda: service.is_connected)
        link.hold()
        started = time.monotonic()
        results = await service.publisher.publish_many(
            [work.message(f"t{i}") for i in range(100)], timeout_seconds=0.5
        )
        assert time.monotonic() - started < 1.5
        assert {type(o) for o in results} == {TimedOutError}
        link.release()
        assert len(await rabbit.drain(work.queue, expect=100)) == 100
        await publish_confirmed(service.publisher, work.message("t0"))
        await service.stop()


async def test_a_message_shows_whether_the_broker_takes_anything(
    rabbit: Rabbit, work: WorkQueue, registry: CollectorRegistry
) -> None:
    """A message that no queue gets is taken, and on a link that holds bytes back it is not."""
    async with linked(rabbit.amqp_url) as (link, url):
        service = Connections(url, app_id="pulse", registry=registry)
        await service.start()
        await until(lambda: service.is_connected)
        pulse = work.message("p", routing_key="nobody.normal", mandatory=False)
        assert await service.publisher.is_taken(pulse, 5)
        link.hold()
        assert not await service.publisher.is_taken(pulse, 0.3)
        link.release()
        assert await service.publisher.is_taken(pulse, 5)
        await service.stop()


async def test_cancelled_caller_leaves_the_publisher_working(
    publisher: Publisher, work: WorkQueue
) -> None:
    """A caller that is cancelled while it waits stops at once, and its id is free again."""
    for _ in range(20):
        task = asyncio.create_task(
            publisher.publish_many([work.message(f"c{i}") for i in range(300)])
        )
        await asyncio.sleep(0.002)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    results = await publisher.publish_many([work.message(f"c{i}") for i in range(300)])
    assert results == [None] * 300


async def test_outcomes_are_counted(
    publisher: Publisher, work: WorkQueue, registry: CollectorRegistry
) -> None:
    """Each result is counted under its exchange."""
    await publisher.publish_many(
        [work.message("1"), work.message("2"), work.message("3", routing_key="nobody.normal")]
    )
    labels = {"exchange": topology.OUTBOUND}
    count = registry.get_sample_value
    assert count("herald_published_total", labels | {"outcome": "confirmed"}) == 2
    assert count("herald_published_total", labels | {"outcome": "unroutable"}) == 1


async def test_a_return_is_of_the_publish_that_is_waited_for(
    publisher: Publisher, work: WorkQueue
) -> None:
    """Not of an earlier one of that id, which timed out and which the broker has yet to confirm."""
    ids = [f"id-{n}" for n in range(60)]
    taken = [work.message(each, body=b"x" * 10_000) for each in ids]
    lost = [work.message(each, routing_key="nobody.normal") for each in reversed(ids)]
    first = await publisher.publish_many(taken, 0)
    second = await publisher.publish_many(lost)
    assert {type(it) for it in first} == {TimedOutError}
    assert {type(it) for it in second} == {UnroutableError}
