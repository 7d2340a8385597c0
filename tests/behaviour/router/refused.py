"""A router that refuses commands, and one of a later configuration that runs in its place."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from starlette.applications import Starlette

from behaviour.router.commanding import Commander, commander
from behaviour.router.receipts import account_news, inbound
from behaviour.router.world import (
    CONFIGURATION,
    Body,
    Heard,
    World,
    build_routers,
    command,
    running_routers,
)
from broker_users import broker_user
from herald.contracts.rights import operator_rights, tenant_rights

OPERATOR, OWN = "herald-test-operator", "herald-test-own"
# what an operator adds to the configuration after commands were refused for the want of it
LATER = """
[accounts.removed]
provider = "whatsapp_cloud"
phone_number_id = "100000000000009"

[routes.later]
tenants = ["default", "closed"]
steps = [{channel = "sms"}]
"""


@dataclass(frozen=True, slots=True)
class Before:
    """What was refused before the configuration changed, by the router that ran then."""

    world: World
    router: Starlette  # of the later configuration
    operator: Commander
    own: Commander  # the closed tenant's user

    async def ask(self, body: Body, key: str = "dead_letter.replay", **options: Any) -> Heard:
        return await self.operator.ask(self.world, body, key, **options)

    async def dead_letter(self, body: Body | bytes) -> str:
        """Return the id of the dead letter with a body, once it is there."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        query = "SELECT id FROM router.dead_letters WHERE position($1 IN body) > 0"
        return str(await self.world.row(query, raw))

    async def row(self, dead_letter_id: str) -> asyncpg.Record:
        [row] = await self.world.database.fetch(
            "SELECT replayed_at, replayed_by, replay_result FROM router.dead_letters WHERE id = $1",
            dead_letter_id,
        )
        return row


GOOD = command(route="later", idempotency_key="good")
STILL_BAD = command(route="never", idempotency_key="still-bad")
CLOSED = command(route="later", tenant="closed", idempotency_key="closed")
FORGED = command(route="later", tenant="closed", idempotency_key="forged")
REPEATED = command(route="later", idempotency_key="repeated")
REPLY = inbound(account="removed", reference="a-reply")
NEWS = account_news(account="removed", reason="some-news")


@asynccontextmanager
async def refused_before(
    amqp_url: str, management_url: str, postgres_dsn: str, folder: Path
) -> AsyncIterator[Before]:
    """Let a router refuse commands; run one of a later configuration in its place."""
    later = folder / "later.toml"
    later.write_text(CONFIGURATION.read_text() + LATER)
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(
            running_routers(amqp_url, management_url, postgres_dsn, number=0)
        )
        rabbit = world.rabbit
        where = (rabbit.management_url, rabbit.amqp_url, rabbit.vhost)
        users = [
            stack.enter_context(broker_user(*where, rights, name))
            for rights, name in ((operator_rights(), OPERATOR), (tenant_rights("closed"), OWN))
        ]
        operator, own = [await stack.enter_async_context(commander(user)) for user in users]
        [second] = build_routers(amqp_url, postgres_dsn, 1, folder, later)
        one = Before(world, second, operator, own)
        [first] = build_routers(amqp_url, postgres_dsn, 1, folder)
        async with first.router.lifespan_context(first):
            await _refused(one)
        await stack.enter_async_context(second.router.lifespan_context(second))
        yield one


async def _refused(before: Before) -> None:
    """Publish what the first router refuses."""
    world = before.world
    for body in (GOOD, STILL_BAD, REPEATED):
        assert (await world.ask(body)).what == "rejected"
    assert (await before.own.ask(world, CLOSED, "message.send")).what == "rejected"
    assert (await world.ask(FORGED)).what == "rejected"
    await world.report(REPLY, key="inbound.whatsapp.normal")
    await before.dead_letter(b"a-reply")
    await world.report(NEWS)
    await before.dead_letter(b"some-news")
