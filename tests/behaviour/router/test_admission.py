"""Tenants share the router's admission: nobody's commands wait for all of another's."""

from __future__ import annotations

import asyncio

from behaviour.router.world import World, command
from router.consumers import MAX_BATCH

MANY = 1000


async def test_a_command_is_answered_soon_behind_very_many_of_another_tenant(world: World) -> None:
    """It is in the next batch after the one in hand, however long the other's queue is."""
    keys = [f"many-{number}" for number in range(MANY)]
    body = command(tenant="other", route="sms")
    async with world.held():
        many = [command(idempotency_key=key, route="sms") for key in keys]
        for start in range(0, MANY, 100):
            await asyncio.gather(*(world.publish(one) for one in many[start : start + 100]))
        asking = asyncio.create_task(world.ask(body))
        await asyncio.sleep(0.2)  # received, and behind all of them
    await asking
    before = sum(event.data.get("idempotency_key") in set(keys) for event in world.events)
    assert before <= 3 * MAX_BATCH, "the first batches, of the commands that came first"
    last = f"many-{MANY - 1}"
    await world.heard("accepted", last)
