"""Operators send failed messages again: once each, as new messages linked to the old ones."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from aiormq.exceptions import ChannelAccessRefused

from behaviour.router.commanding import Commander, commander
from behaviour.router.receipts import receipt
from behaviour.router.world import Body, Heard, World
from broker_users import broker_user
from herald.contracts.failures import Failure
from herald.contracts.identifiers import message_id_for, resend_id_for
from herald.contracts.rights import Rights, operator_rights, tenant_rights
from herald.contracts.vocabulary import FailureClass, Status

ROUTERS = 2
OPERATOR, SECOND = "herald-test-operator", "herald-test-operator-2"
PERMANENT = Failure.of(FailureClass.PERMANENT, "30008")


@asynccontextmanager
async def _commanding(world: World, rights: Rights, name: str) -> AsyncIterator[Commander]:
    rabbit = world.rabbit
    with broker_user(rabbit.management_url, rabbit.amqp_url, rabbit.vhost, rights, name) as user:
        async with commander(user) as one:
            yield one


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def operator(world: World) -> AsyncIterator[Commander]:
    """Give an operator."""
    async with _commanding(world, operator_rights(), OPERATOR) as one:
        yield one


async def _failed(world: World, **changes: Any) -> str:
    """Send a message by SMS that its provider refuses; return its key."""
    key = await world.send(**{"route": "sms"} | changes)
    work = await world.work("sms", key)
    await world.report(receipt(work, Status.FAILED, failure=PERMANENT))
    await world.heard("failed", key)
    return key


async def _resend(world: World, operator: Commander, body: Body, **options: Any) -> Heard:
    return await operator.ask(world, body, "message.resend", **options)


def _id(key: str) -> str:
    return str(message_id_for("default", key))


async def test_a_failed_message_is_sent_again(world: World, operator: Commander) -> None:
    """As a new message, to the same recipient, with the same content, sender and metadata."""
    key = await _failed(world, metadata={"order": "7"}, content={"text": "Parcel"})
    heard = await _resend(world, operator, {"idempotency_key": key})
    new = str(resend_id_for(message_id_for("default", key)))
    assert heard.key == "command.accepted.default"
    assert (heard.data["message_id"], heard.data["resent_from"]) == (new, _id(key))
    work = await world.until(lambda: next((w for w in world.works if w.message_id == new), None))
    assert (work.to, work.sender, work.content.text) == ("+15550002222", "+15550001111", "Parcel")
    await world.report(receipt(work, Status.DELIVERED))
    [event] = await world.heard("delivered", f"resend:{_id(key)}")
    assert (event["message_id"], event["resent_from"]) == (new, _id(key))
    assert event["metadata"] == {"order": "7"}


async def test_both_histories_say_so(world: World, operator: Commander) -> None:
    """And the audit says who did it, without an address or a word of the message."""
    key = await _failed(world)
    new = (await _resend(world, operator, {"id": _id(key)})).data["message_id"]
    notes = "SELECT note FROM router.history WHERE message_id = $1 AND fact LIKE 'resent_%'"
    assert await world.row(notes, _id(key)) == f"sent again as {new} by {OPERATOR}"
    assert _id(key) in await world.row(notes, new)
    [row] = await world.database.fetch(
        "SELECT broker_user, act, tenant, detail FROM router.audit WHERE subject = $1", _id(key)
    )
    assert tuple(row)[:3] == (OPERATOR, "message.resend", "default")
    assert json.loads(row["detail"]) == {"answer": "accepted", "resent_as": new, "force": False}


async def test_it_is_sent_again_once(world: World, operator: Commander) -> None:
    """A second command is answered `duplicate`, naming the new message; nothing more is sent."""
    key = await _failed(world)
    first = await _resend(world, operator, {"id": _id(key)})
    again = await _resend(world, operator, {"idempotency_key": key})
    assert again.key == "command.duplicate.default"
    assert again.data["message_id"] == first.data["message_id"]
    works = [w for w in world.works if w.message_id == first.data["message_id"]]
    assert len(works) == 1


async def test_a_redelivered_command_gets_its_answer_again(
    world: World, operator: Commander
) -> None:
    """The same command is accepted again, under the same event id."""
    key, cause = await _failed(world), str(uuid.uuid4())
    first = await _resend(world, operator, {"id": _id(key)}, message_id=cause)
    again = await _resend(world, operator, {"id": _id(key)}, message_id=cause)
    assert first.what == again.what == "accepted"
    assert first.event["id"] == again.event["id"]


async def test_two_operators_at_once(world: World, operator: Commander) -> None:
    """Whichever routers they meet, one of ten is accepted and nine are duplicates."""
    key = await _failed(world)
    async with _commanding(world, operator_rights(), SECOND) as second:
        asked = [_resend(world, one, {"id": _id(key)}) for one in (operator, second) * 5]
        heard = await asyncio.gather(*asked)
    assert sorted(h.what for h in heard) == ["accepted"] + ["duplicate"] * 9
    assert len({h.data["message_id"] for h in heard}) == 1


async def test_a_batch_that_names_one_message_twice(world: World, operator: Commander) -> None:
    """What waits together is judged together: the first is accepted, the second a duplicate."""
    key, other = await _failed(world), await _failed(world)
    async with world.held():
        asked = [
            asyncio.create_task(_resend(world, operator, body))
            for body in ({"id": _id(key)}, {"id": _id(key)}, {"id": _id(other)})
        ]
        await asyncio.sleep(0.3)
    heard = await asyncio.gather(*asked)
    assert sorted(h.what for h in heard) == ["accepted", "accepted", "duplicate"]


async def test_one_under_way_is_refused(world: World, operator: Commander) -> None:
    """With the reason; it goes on as it was."""
    key = await world.send(route="sms")
    await world.work("sms", key)
    data = (await _resend(world, operator, {"id": _id(key)})).data
    assert (data["field"], data["message_id"]) == ("id", _id(key))
    assert "under way" in data["reason"]


async def test_one_that_may_have_arrived_needs_force(world: World, operator: Commander) -> None:
    """Nobody is contacted twice by accident: a call without a clear answer is such a chance."""
    key = await world.send(route="sms")
    work = await world.work("sms", key)
    await world.report(receipt(work, Status.FAILED, failure=Failure.of(FailureClass.AMBIGUOUS)))
    await world.heard("failed", key)
    data = (await _resend(world, operator, {"id": _id(key)})).data
    assert data["field"] == "force"
    assert "sms may have reached" in data["reason"]
    assert (await _resend(world, operator, {"id": _id(key), "force": True})).what == "accepted"


REFUSED: list[tuple[Body, str, str, str]] = [
    ({"id": str(uuid.uuid4())}, "command.rejected.default", "id", "unknown_message"),
    ({"idempotency_key": "no"}, "command.rejected.default", "idempotency_key", "unknown_message"),
    (
        {"id": str(uuid.uuid4()), "tenant": "nobody"},
        "command.rejected.unknown",
        "tenant",
        "no such",
    ),
    ({"id": "7"}, "command.rejected.default", "id", "valid UUID"),
    ({}, "command.rejected.default", "", "give id or idempotency_key"),
]


@pytest.mark.parametrize(("body", "answered", "field", "reason"), REFUSED)
async def test_bad_input_is_refused(
    world: World, operator: Commander, body: Body, answered: str, field: str, reason: str
) -> None:
    """By the field at fault."""
    heard = await _resend(world, operator, body)
    assert (heard.key, heard.data["field"]) == (answered, field)
    assert reason in heard.data["reason"]


async def test_anothers_message_is_unknown(world: World, operator: Commander) -> None:
    """A message is named with its tenant."""
    key = await _failed(world)
    heard = await _resend(world, operator, {"id": _id(key), "tenant": "other"})
    assert (heard.key, heard.data["reason"]) == ("command.rejected.other", "unknown_message")
    assert heard.data["message_id"] is None


@pytest.mark.parametrize("named", [True, False])
async def test_nobody_else_may(world: World, *, named: bool) -> None:
    """A tenant's user is no operator: the broker may not even let it publish that; we refuse it.

    The message stays as it is, and what was tried is kept, with who tried it.
    """
    key = await _failed(world)
    anything = replace(operator_rights(), topics=())
    async with _commanding(world, anything, "herald-test-other-user") as other_user:
        heard = await _resend(world, other_user, {"id": _id(key)}, named=named)
    assert (heard.what, heard.data["field"]) == ("rejected", "user")
    query = "SELECT resent_as IS NULL FROM router.messages WHERE id = $1"
    assert await world.database.fetchval(query, _id(key))
    kept = await world.database.fetchval(
        "SELECT coalesce(broker_user, 'nobody') FROM router.dead_letters WHERE message_id = $1",
        heard.properties.correlation_id,
    )
    assert kept == ("herald-test-other-user" if named else "nobody")


async def test_the_broker_keeps_a_tenants_user_out(world: World) -> None:
    """The rights that Herald states for a tenant's user hold no operator's command."""
    async with _commanding(world, tenant_rights("default"), "herald-test-tenant") as tenant:
        with pytest.raises(ChannelAccessRefused):
            await tenant.publish({"id": str(uuid.uuid4())}, "message.resend", user_id=None)


async def test_a_message_without_content_is_refused(world: World, operator: Commander) -> None:
    """What retention or an erasure took away can't be said again."""
    key = await _failed(world)
    await world.database.execute(
        "UPDATE router.messages SET content = '{}', erased_at = now() WHERE id = $1", _id(key)
    )
    data = (await _resend(world, operator, {"id": _id(key)})).data
    assert (data["field"], data["reason"]) == ("id", "what it says was erased")
