"""Dry runs: nothing is sent or kept, channels are asked, and any router takes their answers."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

import aio_pika
import pytest
from pamqp.common import FieldTable

from behaviour.router.world import Heard, World, command
from herald.bus.receipt_messages import receipt_body
from herald.contracts.identifiers import AttemptId, message_id_for
from herald.contracts.plans import ChannelPlan
from herald.contracts.receipts import PlannedReceipt
from herald.contracts.topology import DEAD, OUTBOUND
from herald.contracts.vocabulary import Lane
from herald.contracts.work import Work
from router.handlers.plans import WAIT

ROUTERS = 2

KEPT = """
SELECT (SELECT count(*) FROM router.messages WHERE idempotency_key = $1)
    + (SELECT count(*) FROM router.dead_letters WHERE idempotency_key = $1)
    + (SELECT count(*) FROM router.plans)
"""


@pytest.fixture
def phone() -> str:
    """Give a number of the test's own, by which its questions are found."""
    return f"+1555{secrets.randbelow(10**7):07}"


async def asked(world: World, channel: str, phone: str) -> Work:
    """Take what a channel is asked about a number."""

    def found() -> Work | None:
        wanted = ("plan", channel, phone)
        works = (w for w in world.works if (w.kind, w.channel, w.to) == wanted)
        return next(works, None)

    work: Work = await world.until(found)
    world.works.remove(work)
    return work


async def answer(world: World, work: Work, **plan: Any) -> None:
    """Say what a worker of the channel would do."""
    said = ChannelPlan.model_validate({"call": "now", "account": "twilio-main", **plan})
    receipt = PlannedReceipt(
        channel=work.channel,
        attempt_id=work.attempt_id,
        plan=said,
        received_at=datetime.now(UTC),
    )
    await world.report(receipt_body(receipt), key=f"attempt.{work.channel}.normal")


async def planned(world: World, key: str) -> Heard:
    await world.heard("planned", key)
    [event] = world.events_of("planned", key)
    return event


async def test_channels_are_asked_and_nothing_is_kept(world: World, phone: str) -> None:
    """The event has what each step's channel says, in order; the key is as free as before."""
    key = await world.send(route="quick", dry_run=True, to={"phone": phone})
    whatsapp, sms = await asked(world, "whatsapp", phone), await asked(world, "sms", phone)
    message_id = str(message_id_for("default", key))
    assert message_id not in whatsapp.attempt_id  # whatever becomes of it, no message is meant
    assert (sms.to, sms.sender, sms.content.text) == (phone, "+15550001111", "Hello")
    await answer(world, sms, segments=1, cost="0.0079 USD")
    await answer(world, whatsapp, account="wa-main", wait="3s", reason="rate_limit", call="later")
    event = await planned(world, key)
    assert event.key == "message.planned.default"
    assert event.event["subject"] == event.data["message_id"] == message_id
    first, second = event.data["steps"]
    assert (first["channel"], first["start"], first["worker"]["wait"]) == ("whatsapp", "now", "3s")
    assert (second["worker"]["segments"], second["worker"]["cost"]) == (1, "0.0079 USD")
    assert phone not in str(event.event)
    assert await world.database.fetchval(KEPT, key) == 0
    await world.publish(command(idempotency_key=key, route="quick", to={"phone": phone}))
    await world.work("whatsapp", key)  # the same message, sent


async def test_a_channel_that_does_not_answer_is_named(world: World, phone: str) -> None:
    """A dead worker's step says so, once the time is over; the others have what was said."""
    key = await world.send(route="quick", dry_run=True, to={"phone": phone})
    await answer(world, await asked(world, "sms", phone))
    whatsapp = await asked(world, "whatsapp", phone)
    name = AttemptId.parse(whatsapp.attempt_id)
    assert name is not None
    await world.row(
        "SELECT true FROM router.plans WHERE answers ? '2' AND id = $1", name.message_id
    )
    ahead = await world.database.fetchval(
        "SELECT due_at - clock_timestamp() FROM router.plans WHERE id = $1", name.message_id
    )
    assert ahead < WAIT
    await world.database.execute("UPDATE router.plans SET due_at = clock_timestamp()")
    event = await planned(world, key)
    silent, said = event.data["steps"]
    assert "no worker" in silent["no_answer"]
    assert silent["worker"] is None
    assert said["worker"]["account"] == "twilio-main"
    await answer(world, whatsapp)  # late: nobody asks any more
    assert await world.database.fetchval(KEPT, key) == 0


async def test_a_question_that_a_worker_refuses_is_an_answer(world: World, phone: str) -> None:
    """A worker of before 0.2 rejects that kind of work: nobody waits for it, nothing is kept."""
    key = await world.send(route="sms", dry_run=True, to={"phone": phone})
    work = await asked(world, "sms", phone)
    before = datetime.now(UTC)
    death: FieldTable = {"queue": "outbound.sms.normal", "reason": "rejected", "exchange": OUTBOUND}
    message = aio_pika.Message(work.model_dump_json().encode(), headers={"x-death": [death]})
    exchange = await world.channel.get_exchange(DEAD, ensure=False)
    await exchange.publish(message, "outbound.sms.normal")
    event = await planned(world, key)
    assert datetime.now(UTC) - before < WAIT
    [step] = event.data["steps"]
    assert "earlier version" in step["no_answer"]
    assert await world.database.fetchval("SELECT count(*) FROM router.dead_letters") == 0


async def test_what_would_be_refused_is_refused_and_no_dead_letter(
    world: World, phone: str
) -> None:
    """The answer names the field, as for a message to send; there is nothing to replay."""
    body = command(route="nowhere", dry_run=True, to={"phone": phone})
    refused = await world.ask(body)
    assert (refused.what, refused.data["field"]) == ("rejected", "route")
    assert await world.database.fetchval(KEPT, body["idempotency_key"]) == 0


async def test_a_key_in_use_is_a_duplicate(world: World, phone: str) -> None:
    """A message that was sent is a duplicate, another under its key rejected; none is asked."""
    body = command(route="sms", to={"phone": phone})
    await world.publish(body)
    await world.work("sms", body["idempotency_key"])
    event = await world.ask(body | {"dry_run": True})
    assert (event.what, event.data["answer"], event.data["steps"]) == ("planned", "duplicate", [])
    other = await world.ask(body | {"dry_run": True, "content": {"text": "Another"}})
    assert (other.what, other.data["reason"]) == ("rejected", "idempotency_mismatch")
    assert not [work for work in world.works if (work.kind, work.to) == ("plan", phone)]


async def test_the_same_dry_run_twice_in_a_batch_asks_once(world: World, phone: str) -> None:
    """A redelivery finds its question open; the one event has an id of its own cause."""
    body = command(route="sms", dry_run=True, to={"phone": phone})
    async with world.held("router.plans"):
        for _ in range(2):
            await world.publish(body, message_id="the-same-command")
    work = await asked(world, "sms", phone)
    await answer(world, work)
    await planned(world, body["idempotency_key"])
    assert not [work for work in world.works if (work.kind, work.to) == ("plan", phone)]


async def test_steps_that_cannot_be_used_are_named(world: World, phone: str) -> None:
    """The route's steps without an address are left out, each with its reason."""
    key = await world.send(dry_run=True, to={"phone": phone})
    for channel in ("whatsapp", "sms"):
        await answer(world, await asked(world, channel, phone))
    event = await planned(world, key)
    [left] = event.data["left_out"]
    assert (left["step"], left["reason"]) == (3, "no address on email")
    assert event.data["lane"] == Lane.NORMAL
