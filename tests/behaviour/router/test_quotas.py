"""Quotas of tenants: what starts is charged once, by however many routers; the rest waits."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from behaviour.router.backlogged import Broker, Router, routers
from behaviour.router.world import command
from herald.bus.deliveries import Delivery
from herald.config.quotas import Quota

USED = """
SELECT coalesce(sum((one.value ->> 'messages')::int), 0)
FROM router.quota_usage, json_each(usage) AS one
"""
WAITING = "SELECT count(*) FROM router.messages WHERE state -> 'waiting' ->> 'why' = 'quota'"
TEN = {"daily": Quota(messages=10)}


async def test_a_quota_is_kept_by_all_routers_together(postgres_dsn: str) -> None:
    """What finds nothing left waits for the next period, and an event says so."""
    broker = Broker(depth=0)
    async with routers(postgres_dsn, broker, number=3, quotas=TEN) as (three, database):
        for router in three:
            await router.look()
        await asyncio.gather(*(router.take(8) for router in three))
        assert len(broker.works) == await database.fetchval(USED) == 10
        assert await database.fetchval(WAITING) == 14
        assert len(broker.events("waiting")) == 14
        event = broker.events("waiting")[0]
        assert event["data"]["waits"]["reason"] == "quota"
        assert event["data"]["waits"]["channel"] == "sms"


async def test_a_quota_may_skip_the_step(postgres_dsn: str) -> None:
    """With no step left the message fails, and the failure names the quota."""
    broker = Broker(depth=0)
    quotas = {"sms": Quota(messages=1, channels=("sms",), then="skip")}
    async with routers(postgres_dsn, broker, quotas=quotas) as ([router], _):
        await router.look()
        await router.take(3)
        assert len(broker.works) == 1
        failures = [event["data"]["failure"] for event in broker.events("failed")]
        assert [(one["class"], one["code"]) for one in failures] == [("rate_limited", "quota")] * 2


async def test_a_message_of_the_backlog_is_charged_when_it_starts(postgres_dsn: str) -> None:
    """Not while it waits for room."""
    broker = Broker()
    async with routers(postgres_dsn, broker, quotas=TEN) as ([router], database):
        await router.look()
        await router.take(12)
        assert await database.fetchval(USED) == 0
        broker.depth = 0
        await router.look()
        assert len(broker.works) == await database.fetchval(USED) == 10
        assert await database.fetchval(WAITING) == 2


async def test_a_command_sent_twice_is_charged_once(postgres_dsn: str) -> None:
    """A duplicate starts nothing."""
    broker = Broker(depth=0)
    async with routers(postgres_dsn, broker, quotas=TEN) as ([router], database):
        await router.look()
        body = command(route="sms")
        for _ in range(3):
            await _take(router, body)
        assert await database.fetchval(USED) == 1


async def test_a_repeat_leaves_the_quota_to_what_is_new(postgres_dsn: str) -> None:
    """Commands that come again beside a new one take nothing of what is left for it."""
    broker = Broker(depth=0)
    async with routers(postgres_dsn, broker, quotas=TEN) as ([router], database):
        await router.look()
        repeated = [command(route="sms") for _ in range(9)]
        await _take(router, *repeated)
        new = command(route="sms")
        await _take(router, *repeated, new)
        assert len(broker.works) == await database.fetchval(USED) == 10
        assert await database.fetchval(WAITING) == 0


async def test_another_tenants_messages_are_not_charged(postgres_dsn: str) -> None:
    """Who has no quota is not even looked up."""
    broker = Broker(depth=0)
    async with routers(postgres_dsn, broker, quotas=TEN) as ([router], database):
        await router.look()
        await router.take(12, tenant="other")
        assert len(broker.works) == 12
        assert await database.fetchval("SELECT count(*) FROM router.quota_usage") == 0


async def _take(router: Router, *bodies: dict[str, Any]) -> None:
    await router.handler(
        [
            Delivery(body=json.dumps(body).encode(), routing_key="message.send.bulk")
            for body in bodies
        ]
    )
