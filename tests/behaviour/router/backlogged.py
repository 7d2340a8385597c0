"""Routers' parts that share a backlog, and a broker whose queues hold what a test says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from behaviour.router.world import CHANNELS, CONFIGURATION, command
from herald.bus.deliveries import Delivery
from herald.bus.lane_turns import LaneTurns
from herald.bus.outgoing_messages import OutgoingMessage
from herald.config.file import RetryRules
from herald.config.loading import load_configuration
from herald.config.quotas import Quotas
from herald.contracts.topology import OUTBOUND
from herald.contracts.vocabulary import Lane
from herald.contracts.work import Work
from herald.database.migrations import migrate
from herald.database.pool import Database
from router.batches import CommandHandler
from router.clearances.configured import clearance_sources
from router.clearances.windows import Windows
from router.handlers.send import SendCommands
from router.jobs.release import Release
from router.jobs.timers import Timers
from router.outbox import Outbox
from router.unit_of_work import UnitsOfWork

QUEUE = "outbound.sms.bulk"
FULL = 100_000


@dataclass(slots=True)
class Broker:
    """Takes all that is published, and says how much its queues hold."""

    depth: int | None = FULL  # None: it answers nothing
    works: list[Work] = field(default_factory=list)
    published: list[OutgoingMessage] = field(default_factory=list)
    confirmed_at: float | None = None

    async def read(self, queues: Iterable[str]) -> dict[str, int]:
        """Say how much waits in each queue."""
        return {} if self.depth is None else dict.fromkeys(queues, self.depth)

    async def publish_many(
        self, messages: Sequence[OutgoingMessage], _timeout_seconds: float
    ) -> list[None]:
        """Take messages."""
        self.published += messages
        self.works += [
            Work.model_validate_json(one.body) for one in messages if one.exchange == OUTBOUND
        ]
        return [None] * len(messages)

    def events(self, what: str) -> list[dict[str, Any]]:
        """Return the events of a kind that were published."""
        kind = f"herald.message.{what}.v1"
        return [json.loads(one.body) for one in self.published if one.type == kind]

    def by_tenant(self) -> Counter[str]:
        """Count the work that was published."""
        return Counter(work.tenant for work in self.works)


@dataclass(slots=True)
class Router:
    """What one router does with commands of the bulk lane."""

    units: UnitsOfWork
    release: Release
    windows: Windows
    handler: CommandHandler[Any]
    outbox: Outbox
    timers: Timers

    async def take(self, number: int, **changes: Any) -> list[str]:
        """Take commands on the SMS route as one batch; return their keys."""
        bodies = [command(route="sms", **changes) for _ in range(number)]
        deliveries = [
            Delivery(body=json.dumps(body).encode(), routing_key="message.send.bulk")
            for body in bodies
        ]
        await self.handler(deliveries)
        await self.outbox.drain()
        return [body["idempotency_key"] for body in bodies]

    async def act_on_deadlines(self) -> None:
        """Act on the next of the deadlines that have passed."""
        await self.timers._periodic.turn()

    async def look(self) -> None:
        """Look at the queues, and let in what there is room for."""
        await self.release.turn()


@asynccontextmanager
async def routers(
    dsn: str, broker: Broker, number: int = 1, quotas: Quotas | None = None
) -> AsyncIterator[tuple[list[Router], asyncpg.Connection]]:
    """Give routers' parts, and a connection to look at what they wrote.

    `quotas`: those of the tenant `default`.
    """
    await migrate(dsn)
    looking = await asyncpg.connect(dsn)
    pools = [Database(dsn, application_name=f"router-{n}") for n in range(number)]
    for pool in pools:
        await pool.start()
    try:
        await looking.execute(
            "TRUNCATE router.messages, router.windows, router.outbox, router.quota_usage"
        )
        yield [_router(pool, broker, quotas or {}) for pool in pools], looking
    finally:
        for pool in pools:
            await pool.stop()
        await looking.close()


def _router(pool: Database, broker: Any, quotas: Quotas) -> Router:
    file = load_configuration(CONFIGURATION).file
    default = file.tenants["default"].model_copy(update={"quotas": quotas})
    configuration = file.model_copy(update={"tenants": {**file.tenants, "default": default}})
    windows = Windows()
    sources = clearance_sources(configuration, windows)
    outbox = Outbox(pool, broker, broker)
    units = UnitsOfWork(pool, outbox, RetryRules(), clearances=sources)
    release = Release(Lane.BULK, CHANNELS, pool, units, windows, broker, LaneTurns())
    handler = CommandHandler(units, configuration, SendCommands(configuration, Lane.BULK))
    timers = Timers(pool, units, dict)
    return Router(units, release, windows, handler, outbox, timers)
