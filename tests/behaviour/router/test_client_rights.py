"""The client with the rights of one tenant and no more."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from yarl import URL

from behaviour.router.world import World, command
from herald.client import Client, TopologyMissingError
from herald.vocabulary import CommandAnswer
from herald_local.web import call

USER, PASSWORD = "herald-test-tenant", uuid.uuid4().hex
RIGHTS = {
    "configure": r"^events\.default\.",
    "write": r"^(herald\.commands|events\.default\..*)$",
    "read": r"^(herald\.events|events\.default\..*)$",
}
READS = {"exchange": "herald.events", "write": "^$", "read": r"^[a-z]+\.[^.]+\.default$"}


@pytest.fixture
def tenants_url(world: World) -> Iterator[str]:
    """Give the broker's URL with a user who may do what the tenant `default` needs."""
    management, vhost = world.rabbit.management_url, world.rabbit.vhost
    for path, body in (
        (f"users/{USER}", {"password": PASSWORD, "tags": ""}),
        (f"permissions/{vhost}/{USER}", RIGHTS),
        (f"topic-permissions/{vhost}/{USER}", READS),
    ):
        answer = call("PUT", f"{management}/api/{path}", json.dumps(body).encode())
        assert answer.status in {201, 204}
    yield str(URL(world.rabbit.amqp_url).with_user(USER).with_password(PASSWORD))
    call("DELETE", f"{management}/api/users/{USER}")


async def test_a_tenants_rights_are_enough_to_send(tenants_url: str) -> None:
    """Its queues are the tenant's, and it does without what only other tenants' rights allow."""
    async with Client(tenants_url) as herald, herald.events() as events:
        answer = await herald.send(command())
        heard = await anext(events)
    assert answer.answer is CommandAnswer.ACCEPTED
    assert heard.type == "herald.command.accepted.v1"


async def test_a_missing_queue_of_a_user_is_the_users(tenants_url: str) -> None:
    """`herald topology apply` would not declare it."""
    async with Client(tenants_url) as herald:
        with pytest.raises(
            TopologyMissingError, match=r"no queue events\.default\.orders: declare"
        ):
            await herald.events(queue="events.default.orders").__aenter__()
