"""A tenant's commands come from its own broker users: the broker says who published."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from aiormq.exceptions import ChannelPreconditionFailed

from behaviour.router.commanding import commander
from behaviour.router.world import Body, World, command
from broker_users import BrokerUser, broker_user
from herald.contracts.rights import tenant_rights

OWN = "herald-test-own"  # of the tenant `closed`, by the routers' configuration


@pytest.fixture(scope="module")
def own(world: World) -> Iterator[BrokerUser]:
    """Give the broker the closed tenant's user."""
    rabbit = world.rabbit
    with broker_user(
        rabbit.management_url, rabbit.amqp_url, rabbit.vhost, tenant_rights("closed"), OWN
    ) as user:
        yield user


@pytest.fixture(scope="module")
def other_user(world: World) -> Iterator[BrokerUser]:
    """Give the broker another tenant's user."""
    rabbit = world.rabbit
    with broker_user(
        rabbit.management_url, rabbit.amqp_url, rabbit.vhost, tenant_rights("other")
    ) as user:
        yield user


def _closed(key: str) -> Body:
    """Make a command for the closed tenant."""
    return command(tenant="closed", idempotency_key=key)


async def test_the_tenants_user_is_taken_and_kept(world: World, own: BrokerUser) -> None:
    """The command is accepted, and the history says whose it was."""
    key = str(uuid.uuid4())
    async with commander(own) as mine:
        await mine.publish(_closed(key), "message.send", user_id=OWN)
    [event] = await world.heard("accepted", key)
    kept = await world.row(
        "SELECT element ->> 'user' FROM router.history"
        " WHERE message_id = $1 AND fact LIKE 'command:%'",
        event["message_id"],
    )
    assert kept == OWN


@pytest.mark.parametrize("named", [True, False])
async def test_others_are_refused(world: World, other_user: BrokerUser, *, named: bool) -> None:
    """Whatever tenant the command names; the tenant does not even get an event."""
    key = str(uuid.uuid4())
    async with commander(other_user) as theirs:
        user_id = other_user.name if named else None
        await theirs.publish(_closed(key), "message.send", user_id=user_id)
    [event] = await world.heard("rejected", key)
    assert event["field"] == "tenant"
    [heard] = world.events_of("rejected", key)
    assert heard.key == "command.rejected.unknown"


async def test_nobody_passes_for_another(other_user: BrokerUser) -> None:
    """The broker itself refuses a user_id that is not the connection's."""
    async with commander(other_user) as theirs:
        with pytest.raises(ChannelPreconditionFailed):
            await theirs.publish(_closed(str(uuid.uuid4())), "message.send", user_id=OWN)
