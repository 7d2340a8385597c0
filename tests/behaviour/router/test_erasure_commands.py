"""Commands to erase a recipient: who may give them, how they are answered, and what is audited."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
import pytest_asyncio

from behaviour.router.commanding import Commander, commander
from behaviour.router.erasing import (
    another_phone,
    completed,
    erase,
    erase_body,
    row_of,
    sent,
)
from behaviour.router.world import PATIENCE_SECONDS, Body, World
from broker_users import broker_user
from herald.client import Client, NoAnswerError
from herald.contracts.identifiers import UNKNOWN_TENANT
from herald.contracts.masking import address_hash
from herald.contracts.rights import Rights, operator_rights, tenant_rights
from herald.contracts.topology import ERASE_KEY

ROUTERS = 2  # each goes on where the other stopped
OPERATOR, OWN = "herald-test-operator", "herald-test-own"


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


@pytest.fixture
def phone() -> str:
    """Give a number that nobody else has."""
    return another_phone()


async def test_another_tenants_messages_stay(world: World, phone: str) -> None:
    """A tenant has its own data erased, and no other's."""
    _, own = await sent(world, phone)
    theirs = await world.send(tenant="other", to={"phone": phone}, route="sms")
    erased = await erase(world, phone)
    assert erased["messages"] == 1
    assert phone[1:] not in await row_of(world, own)
    kept = "SELECT plan::text FROM router.messages WHERE idempotency_key = $1"
    assert phone in await world.database.fetchval(kept, theirs)


async def test_an_operator_erases_every_tenants(
    world: World, operator: Commander, phone: str
) -> None:
    """Also that of tenants whose commands only their own users give."""
    for tenant in ("default", "other"):
        await world.heard("accepted", await world.send(tenant=tenant, to={"phone": phone}))
    body = erase_body(phone, tenant=None)
    heard = await operator.ask(world, body, ERASE_KEY)
    assert heard.key == "command.accepted.unknown"
    assert (await completed(world, heard.data["erasure_id"]))["messages"] == 2


async def test_the_client_asks_and_waits(world: World, operator: Commander, phone: str) -> None:
    """With an operator's rights it gets the end of an erasure that is about every tenant."""
    await world.heard("accepted", await world.send(tenant="other", to={"phone": phone}))
    async with Client(operator.user.url, tenant=UNKNOWN_TENANT) as herald:
        answer = await herald.erase({"phone": phone})
        assert answer.erasure_id is not None
        erased = await herald.wait_erased(answer.erasure_id, timeout_seconds=PATIENCE_SECONDS)
        with pytest.raises(NoAnswerError, match="it goes on"):
            await herald.wait_erased(str(uuid.uuid4()), timeout_seconds=0.01)
    assert erased["messages"] == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tenant": None}, "tenant"),
        ({"tenant": "closed"}, "tenant"),
        ({"tenant": "nobody"}, "tenant"),
        ({"to": {"phone": "12"}}, "to.phone"),
        ({"to": {}}, "to"),
        ({"reason": "x"}, "reason"),
        ({"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, "x"))}, "id"),
    ],
)
async def test_what_is_refused(world: World, phone: str, changes: Body, field: str) -> None:
    """Who may not, and what can't be read, is refused with the field; nothing is erased."""
    heard = await world.ask(erase_body(phone) | changes, ERASE_KEY)
    assert (heard.what, heard.data["field"]) == ("rejected", field)


async def test_a_tenants_user_erases_for_it_alone(world: World, phone: str) -> None:
    """With a tenant's rights at the broker, too; never for every tenant."""
    async with _commanding(world, tenant_rights("closed"), OWN) as own:
        body = erase_body(phone, tenant="closed")
        assert (await own.ask(world, body, ERASE_KEY)).what == "accepted"
        body = erase_body(phone, tenant=None)
        assert (await own.ask(world, body, ERASE_KEY)).what == "rejected"


async def test_the_same_command_again_is_the_same_erasure(world: World, phone: str) -> None:
    """It is answered with its end again; another one under its id is a duplicate, or refused."""
    cause, name = str(uuid.uuid4()), str(uuid.uuid4())
    body = erase_body(phone, id=name)
    first = await world.ask(body, ERASE_KEY, message_id=cause)
    await completed(world, name)
    again = await world.ask(body, ERASE_KEY, message_id=cause)
    assert first.event["id"] == again.event["id"]
    assert (await world.ask(body, ERASE_KEY)).what == "duplicate"
    other = await world.ask(body | {"tenant": "other"}, ERASE_KEY)
    assert (other.what, other.data["field"]) == ("rejected", "id")


async def test_the_audit_keeps_the_hash_alone(
    world: World, operator: Commander, phone: str
) -> None:
    """Who had whom erased is known to those who know the number; no row holds it."""
    heard = await operator.ask(world, erase_body(phone), ERASE_KEY)
    await completed(world, heard.data["erasure_id"])
    row = await world.database.fetchrow(
        "SELECT broker_user, act, tenant, detail::text FROM router.audit WHERE subject = $1",
        heard.data["erasure_id"],
    )
    assert row is not None
    assert tuple(row)[:3] == (OPERATOR, ERASE_KEY, "default")
    assert json.loads(row["detail"])["address_hashes"] == [address_hash(phone)]
    assert phone[1:] not in row["detail"]
    kept = await world.database.fetchval(
        "SELECT e::text FROM router.erasures e WHERE id = $1", UUID(heard.data["erasure_id"])
    )
    assert phone[1:] not in kept
