"""Deletes what sending no longer needs, after the times of `[retention]`.

In small batches with pauses between, so that sending is not slowed. One router does it at a time;
another goes on where it stopped. Ages are judged by the database's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

from herald.config.retention import Retention as Rules
from herald.database.pool import Connection, Database
from herald.service.periodic import JITTER, Periodic
from router import metrics
from router.store import retention as store

INTERVAL_SECONDS = 600.0
PAUSE_SECONDS = 0.2
BATCH = 1000

Step = Callable[[Connection], Awaitable[bool]]  # does a batch; returns whether more may wait


class Retention:
    """Deletes what is old; any number of routers may run it."""

    def __init__(
        self,
        database: Database,
        rules: Rules,
        *,
        batch: int = BATCH,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._database = database
        self._rules = rules
        self._batch = batch
        self._pause_seconds = pause_seconds

    async def run(self) -> None:
        """Delete what is old every ten minutes, until cancelled."""
        await Periodic(
            "retention", self.turn, INTERVAL_SECONDS, jitter=JITTER, begins_with_pause=True
        ).run()

    async def turn(self) -> None:
        """Delete all that is old by now, unless another router is doing so."""
        steps = (
            self._erase_contents,
            self._delete_messages,
            self._delete_dead_letters,
            self._delete_inbound,
            self._delete_conversations,
            self._delete_erasures,
            self._delete_suppression_history,
            References(self._rules, self._batch).step,
        )
        for step in steps:
            await self._repeat(step)
        await self._delete_history()

    async def _repeat(self, step: Step) -> bool:
        """Do batches of one kind until none is left; False when it is another router's turn."""
        while True:
            async with self._database.transaction() as connection:
                if not await store.claim_retention(connection):
                    return False
                more = await step(connection)
            if not more:
                return True
            await asyncio.sleep(self._pause_seconds)

    async def _erase_contents(self, connection: Connection) -> bool:
        ids = await store.lock_to_erase(connection, self._rules.content, self._batch)
        if ids:
            await store.erase_messages(connection, ids)
        _count("messages.content", len(ids))
        return len(ids) == self._batch

    async def _delete_messages(self, connection: Connection) -> bool:
        messages, sends = await store.delete_messages(connection, self._rules.history, self._batch)
        _count("messages", messages)
        _count("sends", sends)
        return messages == self._batch

    async def _delete_dead_letters(self, connection: Connection) -> bool:
        number = await store.delete_dead_letters(connection, self._rules.dead_letters, self._batch)
        _count("dead_letters", number)
        return number == self._batch

    async def _delete_inbound(self, connection: Connection) -> bool:
        number = await store.delete_inbound(connection, self._rules.content, self._batch)
        _count("inbound", number)
        return number == self._batch

    async def _delete_conversations(self, connection: Connection) -> bool:
        number = await store.delete_conversations(connection, self._rules.content, self._batch)
        _count("conversations", number)
        return number == self._batch

    async def _delete_erasures(self, connection: Connection) -> bool:
        number = await store.delete_erasures(connection, self._rules.history, self._batch)
        _count("erasures", number)
        return number == self._batch

    async def _delete_suppression_history(self, connection: Connection) -> bool:
        age = self._rules.consent
        number = await store.delete_suppression_history(connection, age, self._batch)
        _count("suppression_history", number)
        return number == self._batch

    async def _delete_history(self) -> None:
        """Drop days of which no message is left; of others delete what is left of deleted ones."""
        async with self._database.connection() as connection:
            partitions = await store.list_history_partitions(connection, self._rules.history)
        for day in partitions:
            await self._delete_day(day, is_partition=True)
        after: date | None = date.min
        while after is not None:
            async with self._database.connection() as connection:
                after = await store.next_history_day(connection, self._rules.history, after)
            if after is not None and after not in partitions:
                await self._delete_day(after, is_partition=False)

    async def _delete_day(self, day: date, *, is_partition: bool) -> None:
        walk = HistoryDay(day, self._batch, deletes=not is_partition)
        ours = await self._repeat(walk.step)
        if is_partition and walk.has_kept:
            await self._repeat(HistoryDay(day, self._batch, deletes=True).step)
        elif is_partition and ours:
            async with self._database.transaction() as connection:
                await store.drop_history_partition(connection, day)
            metrics.RETENTION_PARTITIONS.inc()


class References:
    """Walks providers' ids from the oldest on; those of messages under way are passed by."""

    def __init__(self, rules: Rules, batch: int) -> None:
        self._age = rules.references
        self._batch = batch
        self._since = store.FIRST_MOMENT

    async def step(self, connection: Connection) -> bool:
        """Delete what may go of the next page; return whether there may be another."""
        page = await store.look_at_references(connection, self._age, self._since, self._batch)
        if page.over[0]:
            _count("provider_refs", await store.delete_references(connection, page.over))
        if page.number < self._batch or page.until is None or page.until == self._since:
            return False
        self._since = page.until
        return True


class HistoryDay:
    """Walks the history of one day's messages, to see whether some are kept, or to delete others'.

    What only looks stops at the first that is kept.
    """

    def __init__(self, day: date, batch: int, *, deletes: bool) -> None:
        self._day = day
        self._batch = batch
        self._deletes = deletes
        self._since = store.FIRST_MESSAGE
        self.has_kept = False

    async def step(self, connection: Connection) -> bool:
        """Look at the next page; return whether there may be another."""
        page = await store.look_at_history(connection, self._day, self._since, self._batch)
        if not page:
            return False
        self.has_kept = self.has_kept or any(page.values())
        gone = [message for message, is_kept in page.items() if not is_kept]
        if self._deletes and gone:
            _count("history", await store.delete_history(connection, self._day, gone))
        last = max(page)
        if last == store.LAST_MESSAGE or (self.has_kept and not self._deletes):
            return False
        self._since = UUID(int=last.int + 1)
        return True


def _count(table: str, number: int) -> None:
    metrics.RETENTION_DELETED.labels(table).inc(number)
