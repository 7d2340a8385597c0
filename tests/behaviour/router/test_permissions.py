"""A tenant's commands come from its own broker users: the broker says who published."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from aiormq.exceptions import ChannelPreconditionFailed

from behaviour.router.broker_users import connected, create_user, delete_user, publish_as
from behaviour.router.world import Body, World, command

OWN, STRANGER = "herald-test-own", "herald-test-stranger"


@pytest.fixture(autouse=True)
def users(world: World) -> Iterator[None]:
    """Give the broker two users who may publish commands and nothing else."""
    for user in (OWN, STRANGER):
        create_user(world.rabbit, user)
    yield
    for user in (OWN, STRANGER):
        delete_user(world.rabbit, user)


def _closed(key: str) -> Body:
    """Make a command for the closed tenant."""
    return command(tenant="closed", idempotency_key=key)


async def test_the_tenants_user_is_taken_and_kept(world: World) -> None:
    """The command is accepted, and the history says whose it was."""
    key = str(uuid.uuid4())
    async with connected(world.rabbit, OWN) as channel:
        await publish_as(channel, OWN, _closed(key), "message.send")
    [told] = await world.heard("accepted", key)
    kept = await world.row(
        "SELECT element ->> 'user' FROM router.history"
        " WHERE message_id = $1 AND fact LIKE 'command:%'",
        told["message_id"],
    )
    assert kept == OWN


@pytest.mark.parametrize("named", [STRANGER, None])
async def test_a_stranger_is_refused(world: World, named: str | None) -> None:
    """Whatever tenant the command names; the tenant does not even hear of it."""
    key = str(uuid.uuid4())
    async with connected(world.rabbit, STRANGER) as channel:
        await publish_as(channel, named, _closed(key), "message.send")
    [told] = await world.heard("rejected", key)
    assert told["field"] == "tenant"
    [heard] = world.told("rejected", key)
    assert heard.key == "command.rejected.unknown"


async def test_nobody_passes_for_another(world: World) -> None:
    """The broker itself refuses a user_id that is not the connection's."""
    async with connected(world.rabbit, STRANGER) as channel:
        with pytest.raises(ChannelPreconditionFailed):
            await publish_as(channel, OWN, _closed(str(uuid.uuid4())), "message.send")
