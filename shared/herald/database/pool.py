"""The asyncpg pool of a service: every wait is bounded, and a probe says if the server answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import structlog

from herald.database.array_elements import ask_for_lists_and_tuples
from herald.database.clock import DatabaseClock
from herald.database.lending import Connection, Lender
from herald.database.outages import OUTAGES, is_outage
from herald.database.problems import problem_of

__all__ = ["OUTAGES", "Connection", "Database", "is_outage"]

CONNECT_SECONDS = 5
COMMAND_SECONDS = 10
ACQUIRE_SECONDS = 5
PROBE_INTERVAL_SECONDS = 1
PROBE_AGAIN_SECONDS = 0.25
PROBE_SECONDS = 4  # after that without an answer the database counts as away
# A transaction of ours whose process hangs, or lost its link, holds rows that other replicas
# need.
IDLE_IN_TRANSACTION_SECONDS = 5

_log = structlog.get_logger()


class Database:
    """A pool that a service can start before the server is there."""

    def __init__(
        self,
        dsn: str,
        *,
        application_name: str,
        max_connections: int = 8,
        command_seconds: float = COMMAND_SECONDS,
    ) -> None:
        self._dsn = dsn
        self._command_seconds = command_seconds
        self._application_name = application_name
        self._max_connections = max_connections
        self._lender: Lender | None = None
        self._probe: asyncio.Task[None] | None = None
        self._clock = DatabaseClock()
        self._answered_at = time.monotonic()
        self.problem: str | None = "not connected yet"

    async def start(self) -> None:
        """Begin to watch the server; returns at once, `problem` says when it answers."""
        ask_for_lists_and_tuples()
        pool = asyncpg.create_pool(
            self._dsn,
            min_size=0,
            max_size=self._max_connections,
            init=self._read_clock,
            reset=_left_as_it_is,
            timeout=CONNECT_SECONDS,
            command_timeout=self._command_seconds,
            server_settings={
                "application_name": self._application_name,
                "statement_timeout": str(int(self._command_seconds * 1000)),
                "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_SECONDS * 1000),
            },
        )
        await pool
        self._lender = Lender(pool, wait_seconds=ACQUIRE_SECONDS)
        self._probe = asyncio.create_task(self._watch(), name="database-probe")

    async def stop(self) -> None:
        """Close every connection; cut those that don't close in time."""
        if self._probe is not None:
            self._probe.cancel()
        if self._lender is not None:
            try:
                async with asyncio.timeout(ACQUIRE_SECONDS):
                    await self._lender.close()
            except (TimeoutError, *OUTAGES):
                self._lender.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection.

        Raises:
            one of OUTAGES: none could be had in time.
        """
        assert self._lender is not None, "start() comes first"
        connection = await self._lender.lend()
        failed = True
        try:
            yield connection
            failed = False
        except asyncpg.InternalClientError:
            connection.terminate()  # its state is broken: nobody must get it again
            raise
        finally:
            await self._lender.take_back(connection, failed=failed)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a READ COMMITTED transaction, committed at the end."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    def now(self) -> datetime:
        """Return the server's time: what deadlines and leases are set and judged by."""
        return self._clock.now()

    @property
    def silent_seconds(self) -> float:
        """How long the server has not answered the probe that asks it every second."""
        return time.monotonic() - self._answered_at

    async def _read_clock(self, connection: Connection) -> None:
        asked_at = self._clock.started_reading()
        self._clock.note(asked_at, await connection.fetchval("SELECT clock_timestamp()"))

    async def _probe_once(self) -> None:
        assert self._lender is not None, "there is one while the probe runs"
        await self._lender.return_kept()
        async with self.connection() as connection:
            await self._read_clock(connection)

    async def _watch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(PROBE_SECONDS):
                    await self._probe_once()
                self._answered_at = time.monotonic()
                self._note(None)
            except Exception as error:  # noqa: BLE001  the watch must not end
                self._note(problem_of(error, self._dsn))
                await asyncio.sleep(PROBE_AGAIN_SECONDS)
            else:
                await asyncio.sleep(PROBE_INTERVAL_SECONDS)

    def _note(self, problem: str | None) -> None:
        if problem != self.problem:
            if problem is None:
                _log.info("database.connected")
            else:
                _log.warning("database.away", reason=problem)
        self.problem = problem


async def _left_as_it_is(_connection: asyncpg.Connection) -> None:
    """Spare asyncpg's reset query, a round trip each time: nothing here changes a session.

    A transaction left open is rolled back all the same.
    """
