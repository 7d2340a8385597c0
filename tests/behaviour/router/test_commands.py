"""Every command gets one answer: what the router says to its users, good input and bad."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import timedelta

import pytest

from behaviour.router.world import Body, World, command
from herald.contracts.commands import MAX_COMMAND_BYTES
from herald.contracts.identifiers import message_id_for
from router.dead_letters import START_BYTES


async def test_accepts_a_good_command(world: World) -> None:
    """The answer names the message, the channels and its end, and work is on the bus."""
    body = command(metadata={"order": "7"})
    heard = await world.ask(body)
    data = heard.data
    assert heard.key == "command.accepted.default"
    assert data["message_id"] == str(message_id_for("default", body["idempotency_key"]))
    assert data["channels"] == ["whatsapp", "sms", "email"]
    assert data["status"] == "queued"
    assert heard.properties.message_id == heard.event["id"]
    assert heard.properties.type == heard.event["type"] == "herald.command.accepted.v1"


async def test_work_says_all_that_its_channel_needs(world: World) -> None:
    """The work of the first attempt carries address, sender, content and limits."""
    key = await world.send(
        route="sms", content={"text": "Hello", "overrides": {"sms": {"text": "Hey"}}}
    )
    work = await world.work("sms", key)
    assert work.attempt_id == f"{message_id_for('default', key)}.1.1"
    assert (work.to, work.sender, work.content.text) == ("+15550002222", "+15550001111", "Hey")
    assert (work.tenant, work.lane, work.category) == ("default", "normal", "transactional")
    row = await world.row("SELECT created_at FROM router.messages WHERE idempotency_key = $1", key)
    assert work.not_after - row == timedelta(hours=24)


async def test_a_template_is_filled_in_when_it_is_accepted(world: World) -> None:
    """Work has its text in the recipient's language, and the history says which that was."""
    named = {"name": "greeting", "variables": {"name": "Ann"}}
    body = command(to={"phone": "+15550002222", "locale": "de-AT"}, content={"template": named})
    key = await world.send(**{**body, "route": "sms"})
    work = await world.work("sms", key)
    assert (work.content.text, work.content.template) == ("Hallo Ann", None)
    note = await world.row(
        "SELECT note FROM router.history WHERE message_id = $1 AND fact = 'step:1:template'",
        uuid.UUID(work.message_id),
    )
    assert note == "sms says greeting version 2, de"


async def test_a_template_with_a_wrong_variable_is_rejected(world: World) -> None:
    """The answer names its field, and nothing is kept or sent."""
    named = {"name": "greeting", "variables": {"nmae": "Ann"}}
    heard = await world.ask(command(content={"template": named}))
    assert heard.key == "command.rejected.default"
    assert heard.data["field"] == "content.template.variables.nmae"
    assert heard.data["reason"] == "no such variable; known: name (and 1 more)"


@pytest.mark.parametrize("lane", ["urgent", "bulk"])
async def test_a_lane_is_kept_to_the_channel(world: World, lane: str) -> None:
    """What came in urgently goes out urgently."""
    body = command()
    heard = await world.ask(body, f"message.send.{lane}")
    assert heard.data["command"] == f"message.send.{lane}"
    assert (await world.work("whatsapp", body["idempotency_key"])).lane == lane


async def test_the_same_command_again_is_a_duplicate(world: World) -> None:
    """Another publish of the same key and content is answered with the state, and sends nothing."""
    body = command()
    await world.ask(body)
    heard = await world.ask(body)
    assert heard.key == "command.duplicate.default"
    assert heard.data["status"] == "queued"
    works = [w for w in world.works if w.message_id == heard.data["message_id"]]
    assert len(works) == 1


async def test_a_redelivery_gets_the_answer_it_had(world: World) -> None:
    """The same message_id again is answered `accepted` under the same event id."""
    body, cause = command(), str(uuid.uuid4())
    first = await world.ask(body, message_id=cause)
    again = await world.ask(body, message_id=cause)
    assert first.what == again.what == "accepted"
    assert first.event["id"] == again.event["id"]


async def test_the_same_twice_at_once(world: World) -> None:
    """Ten copies published together make one message, one acceptance and nine duplicates."""
    body = command()
    asked = await asyncio.gather(*(world.ask(body) for _ in range(10)))
    assert sorted(heard.what for heard in asked) == ["accepted"] + ["duplicate"] * 9
    key = body["idempotency_key"]
    count = "SELECT count(*) FROM router.messages WHERE idempotency_key = $1"
    assert await world.database.fetchval(count, key) == 1


async def test_the_key_with_another_content_is_refused(world: World) -> None:
    """A key used for another message is a mistake of its producer, who gets the first one's id."""
    body = command()
    first = await world.ask(body)
    heard = await world.ask(body | {"content": {"text": "Other"}})
    data = heard.data
    assert (data["field"], data["reason"]) == ("idempotency_key", "idempotency_mismatch")
    assert data["message_id"] == first.data["message_id"]


async def test_an_id_of_another_message_is_refused(world: World) -> None:
    """An id in use under another key or tenant is refused without a word on its holder."""
    taken = str(uuid.uuid4())
    await world.ask(command(id=taken))
    for other in (command(id=taken), command(id=taken, tenant="other")):
        data = (await world.ask(other)).data
        assert (data["field"], data["reason"]) == ("id", "id_taken")
        assert data["message_id"] is None


async def test_a_key_is_its_tenants_own(world: World) -> None:
    """Two tenants may use the same key."""
    body = command()
    assert (await world.ask(body)).what == "accepted"
    assert (await world.ask(body | {"tenant": "other"})).key == "command.accepted.other"


async def test_neighbours_in_a_batch_do_not_take_each_others_names(world: World) -> None:
    """A refused command holds neither its id nor its key against those that came with it.

    The first has a key that is taken; the second, with the same id, and the third, with the id
    of a refused second, are free and accepted.
    """
    old = command()
    await world.ask(old)
    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    third, fourth = command(id=one), command(id=two)
    batch = [
        command(idempotency_key=old["idempotency_key"], id=one),
        third,
        command(idempotency_key=old["idempotency_key"], id=two),
        fourth,
    ]
    async with world.held():
        await world.send()  # the router waits with this one while the others arrive
        await asyncio.sleep(0.3)
        asked = [asyncio.create_task(world.ask(body)) for body in batch]
        await asyncio.sleep(0.3)
    heard = await asyncio.gather(*asked)
    assert [h.what for h in heard] == ["duplicate", "accepted", "duplicate", "accepted"]


BAD: list[tuple[bytes | Body, str, str, str]] = [
    (b"hello", "unknown", "", "Invalid JSON"),
    (b"", "unknown", "", "Invalid JSON"),
    (b"\xff\xfe\x00", "unknown", "", "Invalid JSON"),
    (b'{"tenant": "default"}' + b" " * MAX_COMMAND_BYTES, "unknown", "", "larger than 256 KiB"),
    (command(colour="red"), "default", "colour", "no such field"),
    (command(to={"phone": "12"}), "default", "to.phone", "not a phone number"),
    (command(to={}), "default", "to", "give phone"),
    (command(route="nowhere"), "default", "route", "no such route"),
    (command(sender="nobody"), "default", "sender", "no such sender"),
    (command(tenant="nobody"), "unknown", "tenant", "no such tenant"),
    (command(expires_at="2020-01-01T00:00:00Z"), "default", "expires_at", "lies in the past"),
    (command(send_at="9999-12-31T23:59:59Z"), "default", "send_at", "too far"),
]


@pytest.mark.parametrize(("body", "tenant", "field", "reason"), BAD)
async def test_refuses_bad_input(
    world: World, body: bytes | Body, tenant: str, field: str, reason: str
) -> None:
    """The answer names the field and the reason; the body is kept, its start if it is too large."""
    cause = str(uuid.uuid4())
    heard = await world.ask(body, message_id=cause)
    data = heard.data
    assert heard.key == f"command.rejected.{tenant}"
    assert data["field"] == field
    assert reason in data["reason"]
    kept = await world.row(
        "SELECT array[body] FROM router.dead_letters WHERE id LIKE $1",
        f"herald.commands:command:{cause}:%",
    )
    whole = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert kept == [whole if len(whole) <= MAX_COMMAND_BYTES else whole[:START_BYTES]]


async def test_refuses_a_command_without_a_name(world: World) -> None:
    """No key, no id and no message_id: a repeat would look like a second message."""
    marker = command(idempotency_key=None, metadata={"marker": str(uuid.uuid4())})
    await world.publish_nameless(marker)
    await world.row(
        "SELECT count(*) FROM router.dead_letters WHERE body = $1 AND reason LIKE $2",
        json.dumps(marker).encode(),
        "idempotency_key: give idempotency_key, id or%",
    )


async def test_a_command_without_a_message_id_can_be_repeated(world: World) -> None:
    """Without a cause, only a redelivery is the same command: another publish is a duplicate."""
    body = command()
    await world.publish_nameless(body)
    await world.heard("accepted", body["idempotency_key"])
    await world.publish_nameless(body)
    await world.heard("duplicate", body["idempotency_key"])


async def test_takes_the_message_id_for_a_key(world: World) -> None:
    """A producer that names its AMQP messages needs no key."""
    cause = str(uuid.uuid4())
    heard = await world.ask(command(idempotency_key=None), message_id=cause)
    assert (heard.what, heard.data["idempotency_key"]) == ("accepted", cause)


KEYS = ["message.sned", "message.send.slow", "recipient.forget", "x", ""]


@pytest.mark.parametrize("key", KEYS)
async def test_answers_commands_nobody_knows(world: World, key: str) -> None:
    """A mistyped routing key does not vanish: its producer gets an answer."""
    heard = await world.ask(command(), key)
    data = heard.data
    assert (heard.key, data["command"]) == ("command.rejected.default", key)
    assert (data["field"], data["reason"]) == ("routing_key", "unknown_command")


async def test_a_name_no_database_can_hold_is_answered(world: World) -> None:
    """A message_id with U+0000 breaks no batch: it is refused, its neighbours are accepted."""
    strange = command(idempotency_key=None)
    heard = await asyncio.gather(
        world.ask(command()),
        world.ask(strange, message_id="a\x00b"),
        world.ask(command()),
    )
    assert [h.what for h in heard] == ["accepted", "rejected", "accepted"]
    assert heard[1].data["field"] == "message_id"


async def test_a_correlation_no_database_can_hold_is_named(world: World) -> None:
    """A correlation_id with U+0000 is refused by its name, for a send and for a cancel."""
    body = command()
    for key in ("message.send", "message.cancel"):
        await world.publish(body, key, correlation_id="a\x00b")
    for data in await world.heard("rejected", body["idempotency_key"], number=2):
        assert (data["field"], data["tenant"]) == ("correlation_id", "default")


async def test_a_step_that_cannot_say_the_content_is_skipped(world: World) -> None:
    """5,000 characters fit neither WhatsApp nor SMS: e-mail is used, and the history says why."""
    key = await world.send(content={"text": "x" * 5000, "subject": "x"})
    work = await world.work("email", key)
    assert work.content.text == "x" * 5000
    notes = await world.database.fetch(
        "SELECT note FROM router.history"
        " WHERE message_id = $1 AND fact LIKE 'step:%' ORDER BY fact",
        message_id_for("default", key),
    )
    assert [row["note"] for row in notes] == [
        "skipped: over 4,096 characters on whatsapp",
        "skipped: over 1,600 characters on sms",
    ]


async def test_a_cancel_that_overtakes_its_send_is_answered(world: World) -> None:
    """A cancel of a message that is not there yet is refused, by either name."""
    for name in ({"idempotency_key": "never"}, {"id": str(uuid.uuid4())}):
        data = (await world.ask(name, "message.cancel")).data
        assert data["reason"] == "unknown_message"
        assert data["field"] in name


async def test_a_cancel_of_another_tenants_message_finds_none(world: World) -> None:
    """An id alone opens no other tenant's message."""
    accepted = (await world.ask(command())).data
    other = {"id": accepted["message_id"], "tenant": "other"}
    heard = await world.ask(other, "message.cancel")
    assert (heard.key, heard.data["reason"]) == (
        "command.rejected.other",
        "unknown_message",
    )
