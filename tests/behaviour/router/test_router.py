"""What the router does with receipts, poison, rivals and races, on real servers."""

from __future__ import annotations

import uuid

from behaviour.router.receipts import receipt, webhook
from behaviour.router.world import World
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Status

ROUTERS = 2  # on one broker and database: nothing may depend on being one


async def test_receipt_before_the_acceptance_waits_for_it(world: World) -> None:
    """A webhook that knows only the provider's id is parked, and taken up by the acceptance."""
    key = await world.send()
    work = await world.work("whatsapp", key)
    await world.report(webhook(work, Status.DELIVERED))
    await world.row(
        "SELECT parked IS NOT NULL FROM router.provider_refs WHERE reference = $1",
        f"ref-{work.attempt_id}",
    )
    await world.report(receipt(work, Status.ACCEPTED))
    [event] = await world.heard("delivered", key)
    assert event["outcome"] == "succeeded"


async def test_receipt_after_the_acceptance_finds_its_attempt(world: World) -> None:
    """A webhook without our own name is matched by the provider's id."""
    key = await world.send()
    work = await world.work("whatsapp", key)
    await world.report(receipt(work, Status.ACCEPTED))
    await world.row(
        "SELECT count(*) FROM router.provider_refs WHERE attempt_id = $1", work.attempt_id
    )
    await world.report(webhook(work, Status.DELIVERED))
    assert await world.heard("delivered", key)


async def test_foreign_receipt_is_set_aside(world: World) -> None:
    """An account that does not serve the attempt's channel can't speak of it."""
    key = await world.send()
    work = await world.work("whatsapp", key)
    forged = receipt(work, Status.DELIVERED, provider="smtp", account="smtp-main")
    await world.report(forged)
    await world.row(
        "SELECT count(*) FROM router.dead_letters"
        " WHERE reason = 'foreign_receipt' AND body LIKE $1",
        f"%{work.attempt_id}%".encode(),
    )
    await world.report(receipt(work, Status.DELIVERED))
    [event] = await world.heard("delivered", key)
    assert event["account"] == "wa-main"


async def test_unreadable_receipt_is_dead_lettered_alone(world: World) -> None:
    """A receipt that is none ends in the table; its neighbours are applied."""
    key = await world.send()
    work = await world.work("whatsapp", key)
    marker = uuid.uuid4().hex.encode()
    await world.report(marker)
    await world.report(receipt(work, Status.DELIVERED))
    assert await world.heard("delivered", key)
    await world.row("SELECT count(*) FROM router.dead_letters WHERE body = $1", marker)


async def test_what_comes_after_an_open_is_published(world: World) -> None:
    """A bounce, a complaint and a deferral of a mail that was read are events, each once."""
    key = await world.send(route={"steps": [{"channel": "email"}]})
    work = await world.work("email", key)
    await world.report(receipt(work, Status.ACCEPTED), receipt(work, Status.READ))
    await world.heard("read", key)
    for status in (Status.BOUNCED, Status.COMPLAINED, Status.DEFERRED):
        for name in ("first", "second"):
            await world.report(receipt(work, status, source="webhook", event_key=name))
    await world.heard("deferred", key)
    await world.report(receipt(work, Status.CLICKED))
    await world.heard("clicked", key)
    for what in ("bounced", "complained", "deferred"):
        [event] = await world.heard(what, key)
        assert (event["late"], event["outcome"], event["status"]) == (True, "succeeded", "read")


async def test_cancel_loses_to_a_worker_that_was_first(world: World) -> None:
    """The channel's row arbitrates: a claimed attempt can't be cancelled, its report decides."""
    key = await world.send()
    work = await world.work("whatsapp", key)
    await world.claim(work)
    assert (await world.cancel(key)).what == "too_late"
    await world.report(
        receipt(work, Status.FAILED, failure=Failure.of(FailureClass.UNREACHABLE, "131026"))
    )
    [event] = await world.heard("cancelled", key)
    assert event["terminal"]


async def test_cancel_wins_and_the_worker_finds_the_row(world: World) -> None:
    """A cancel in time leaves `withdrawn` in the row, so that no worker makes the call."""
    key = await world.send()
    work = await world.work("whatsapp", key)
    await world.cancel(key)
    assert await world.heard("cancelled", key)
    state = await world.row(
        "SELECT state FROM channel.sends WHERE attempt_id = $1", work.attempt_id
    )
    assert state == "withdrawn"


async def test_many_messages_end_once_each(world: World) -> None:
    """Two routers share 200 messages with repeated receipts: one outcome, one event each."""
    keys = [await world.send(route="default") for _ in range(200)]
    works = [await world.work("whatsapp", key) for key in keys]
    for work in works:
        for news in (
            receipt(work, Status.ACCEPTED),
            webhook(work, Status.SENT),
            webhook(work, Status.DELIVERED),
            webhook(work, Status.DELIVERED),
        ):
            await world.report(news)
    for key in keys:
        [event] = await world.heard("delivered", key)
        assert event["terminal"]
    ended = await world.database.fetchval(
        "SELECT count(*) FROM router.messages WHERE outcome = 'succeeded'"
        " AND idempotency_key = ANY ($1)",
        keys,
    )
    assert ended == 200
    await world.row("SELECT count(*) = 0 FROM router.outbox")
