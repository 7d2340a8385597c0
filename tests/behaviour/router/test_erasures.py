"""Erasing recipients, on real servers: what goes, what is waited for, and what stays."""

from __future__ import annotations

import asyncio
import json
import uuid

import pytest

from behaviour.router.erasing import (
    another_phone,
    completed,
    erase,
    erase_body,
    row_of,
    sent,
    waits_for,
)
from behaviour.router.receipts import receipt
from behaviour.router.world import Heard, World
from herald.contracts.masking import address_hash
from herald.contracts.receipts import Pulse
from herald.contracts.topology import ERASE_KEY, pulse_key
from herald.contracts.vocabulary import Lane, Status

ROUTERS = 2  # each goes on where the other stopped
ACCEPTED_LATER = """
WITH moved AS (
    UPDATE router.messages SET created_at = created_at + interval '0.4 s' WHERE id = $1
)
UPDATE router.recipients SET created_at = created_at + interval '0.4 s' WHERE message_id = $1
"""


@pytest.fixture
def phone() -> str:
    """Give a number that nobody else has."""
    return another_phone()


async def test_what_waits_is_taken_back(world: World, phone: str) -> None:
    """A message that nobody has begun ends as cancelled; only consumers get an event."""
    key, work = await sent(world, phone)
    await erase(world, phone)
    [event] = await world.heard("cancelled", key)
    assert event["outcome"] == "cancelled"
    assert not world.events_of("too_late", key)
    state = "SELECT state::text FROM channel.sends WHERE attempt_id = $1"
    assert await world.database.fetchval(state, work.attempt_id) == "withdrawn"


async def test_a_call_under_way_is_waited_for(world: World, phone: str) -> None:
    """What its worker will record is erased, too; the message goes on without what it said."""
    key, work = await sent(world, phone)
    await world.database.execute(
        "INSERT INTO channel.sends (attempt_id, state, channel, provider, account, lease_until)"
        " VALUES ($1, 'started', 'sms', 'twilio', 'twilio-main', now() + interval '1 minute')",
        work.attempt_id,
    )
    heard = await world.ask(erase_body(phone), ERASE_KEY)
    await waits_for(world, heard.data["erasure_id"], "messages")
    report = receipt(work, Status.ACCEPTED, element={"to": phone})
    await world.database.execute(
        "UPDATE channel.sends SET state = 'recorded', report = $2, published = true"
        " WHERE attempt_id = $1",
        *(work.attempt_id, report.model_dump_json()),
    )
    await world.report(report)
    assert (await completed(world, heard.data["erasure_id"]))["messages"] == 1
    assert phone[1:] not in await row_of(world, work)
    left = "SELECT report FROM channel.sends WHERE attempt_id = $1"
    assert await world.database.fetchval(left, work.attempt_id) is None
    await world.report(receipt(work, Status.DELIVERED, source="webhook", event_key="d"))
    [event] = await world.heard("delivered", key)
    assert event["outcome"] == "succeeded"


async def test_late_news_brings_nothing_back(world: World, phone: str) -> None:
    """A status that comes after the erasure is published; the number in it is not kept."""
    key, work = await sent(world, phone)
    await world.report(receipt(work, Status.DELIVERED, element={"to": phone}))
    await world.heard("delivered", key)
    await erase(world, phone)
    await world.report(receipt(work, Status.READ, source="webhook", element={"to": phone}))
    [event] = await world.heard("read", key)
    assert event["late"]
    history = "SELECT string_agg(h::text, ' ') FROM router.history h WHERE message_id = $1"
    assert phone[1:] not in await world.database.fetchval(history, work.message_id)


async def test_what_was_forgotten_with_time_is_not_found_any_more(world: World, phone: str) -> None:
    """Of a message whose contents went before, the hash that it is found by goes now."""
    key, work = await sent(world, phone)
    await world.report(receipt(work, Status.DELIVERED))
    await world.heard("delivered", key)
    await world.database.execute(
        "UPDATE router.messages SET erased_at = now() WHERE id = $1", work.message_id
    )
    await erase(world, phone)
    found = "SELECT count(*) FROM router.recipients WHERE address_hash = $1"
    assert await world.database.fetchval(found, address_hash(phone)) == 0


async def test_the_disk_of_an_ingress_is_waited_for(world: World, phone: str) -> None:
    """What it took before may be there: an erasure ends once that is on the bus and erased."""
    ingress = uuid.uuid4()

    async def pulse(*, holds_something: bool) -> None:
        pulse = Pulse(source="ingress", instance=ingress, holds_something=holds_something)
        await world.report(pulse, key=pulse_key(Lane.NORMAL))

    is_known = "SELECT true FROM router.ingresses WHERE ingress = $1"
    while not await world.database.fetchval(is_known, ingress):
        await pulse(holds_something=True)  # again, as an ingress does: a router may just have begun
        await asyncio.sleep(0.3)
    heard = await world.ask(erase_body(phone), ERASE_KEY)
    await waits_for(world, heard.data["erasure_id"], "ingress")
    refused = json.dumps({"to": {"phone": phone}, "contnt": {}}).encode()
    await world.heard("rejected", await refuse(world, refused))
    while not any(h.what == "completed" for h in about(world, heard.data["erasure_id"])):
        await pulse(holds_something=False)
        await asyncio.sleep(0.3)
    assert (await completed(world, heard.data["erasure_id"]))["dead_letters"] == 1
    await world.report(Pulse(source="ingress", instance=ingress, leaving=True))


def about(world: World, erasure_id: str) -> list[Heard]:
    return [heard for heard in world.events if heard.data.get("erasure_id") == erasure_id]


async def refuse(world: World, body: bytes) -> str:
    """Publish a command that is refused and kept; return its key."""
    key = str(uuid.uuid4())
    await world.publish({**json.loads(body), "idempotency_key": key})
    return key


async def test_hashes_that_are_missing_are_waited_for(world: World, phone: str) -> None:
    """While not every message can be found by its recipient, no erasure says that it is done."""
    await world.database.execute("UPDATE router.masking SET is_complete = false")
    try:
        heard = await world.ask(erase_body(phone), ERASE_KEY)
        await waits_for(world, heard.data["erasure_id"], "rehash")
    finally:
        await world.database.execute("UPDATE router.masking SET is_complete = true")
    await completed(world, heard.data["erasure_id"])


async def test_any_router_goes_on_where_one_stopped(world: World, phone: str) -> None:
    """How far an erasure is stands in its row: one left half done is finished, and counts go on."""
    name = uuid.uuid4()
    await world.heard(
        "rejected", await refuse(world, json.dumps({"to": {"phone": phone}}).encode())
    )
    await world.database.execute(
        "INSERT INTO router.erasures (id, tenant, cause, routing_key, addresses, step, erased)"
        " VALUES ($1, 'default', 'x', 'recipient.erase', ARRAY[$2], 2, '{\"messages\": 7}')",
        *(name, phone),
    )
    erased = await completed(world, str(name))
    assert (erased["messages"], erased["dead_letters"]) == (7, 1)


async def test_many_are_erased_in_batches(world: World, phone: str) -> None:
    """A recipient of many messages keeps nobody's locks for long: a few at a time."""
    keys = [await world.send(to={"phone": phone}, route="sms") for _ in range(10)]
    for key in keys:
        await world.heard("accepted", key)
    assert (await erase(world, phone))["messages"] == 10
    transactions = await world.database.fetchval(
        "SELECT count(DISTINCT xmin::text) FROM router.messages WHERE idempotency_key = ANY ($1)",
        keys,
    )
    assert transactions >= 4


async def test_a_message_of_a_router_whose_clock_is_ahead_is_erased(world: World) -> None:
    """Routers read the database's clock at different moments: their times differ by a little."""
    phone = another_phone()
    _, work = await sent(world, phone)
    await world.database.execute(ACCEPTED_LATER, work.message_id)
    assert (await erase(world, phone))["messages"] == 1
    assert phone[1:] not in await row_of(world, work)
