"""Work that comes back from its workers: handed out again, or left for the next step at once."""

from __future__ import annotations

from datetime import timedelta

from behaviour.router.receipts import receipt
from behaviour.router.world import World
from herald.contracts.receipts import Return
from herald.contracts.vocabulary import Status


async def test_a_provider_that_cannot_be_reached_burns_no_message(world: World) -> None:
    """Five returns without a wait: the last step's work goes round as one attempt."""
    key = await world.send(route="sms")
    for dispatch in range(1, 6):
        work = await world.work("sms", key, dispatch=dispatch)
        await world.report(receipt(work, Status.RETURNED, returned=Return(reason="connect")))
    last = await world.work("sms", key, dispatch=6)
    assert last.attempt_id.endswith(".1.1")
    assert world.events_of("failed", key) == []


async def test_a_limit_longer_than_the_start_leads_to_the_next_step_at_once(world: World) -> None:
    """The attempt is taken back in the transaction that took the report, and the event says why."""
    key = await world.send(route="quick")
    work = await world.work("whatsapp", key)
    limit = Return(reason="rate_limit", wait=timedelta(hours=1))
    await world.report(receipt(work, Status.RETURNED, returned=limit))
    await world.work("sms", key)
    [event] = await world.heard("fallback", key)
    assert event["fallback"]["reason"] == "rate_limited"
    assert (event["failure"]["class"], event["failure"]["code"]) == ("rate_limited", "rate_limit")
    state = "SELECT state::text FROM channel.sends WHERE attempt_id = $1"
    assert await world.database.fetchval(state, work.attempt_id) == "withdrawn"
