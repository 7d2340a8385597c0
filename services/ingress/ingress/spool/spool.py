"""The spool: keeps messages on disk at once for many calls, and gives them back oldest first."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from herald.bus.outgoing_messages import OutgoingMessage
from ingress import metrics
from ingress.spool.database import SpoolDatabase

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class NotKeptError(Exception):
    """Messages that are not on disk."""


class Spool:
    """Messages that wait for the bus.

    `filled` is set while there may be some. `problem` says why the last were not kept; None: they
    were.
    """

    def __init__(self, database: SpoolDatabase) -> None:
        self.filled = asyncio.Event()
        self.problem: str | None = None
        self._database = database
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._waiting: list[OutgoingMessage] = []
        self._writing = asyncio.Lock()
        self._next_write: asyncio.Task[None] | None = None
        if database.oldest_at is not None:
            self.filled.set()
        metrics.SPOOL_MESSAGES.set_function(lambda: database.messages)
        metrics.SPOOL_BYTES.set_function(lambda: database.bytes)
        metrics.SPOOL_AGE.set_function(lambda: self.age_seconds)

    @property
    def age_seconds(self) -> float:
        """How long the oldest message has waited; zero when none waits."""
        oldest_at = self._database.oldest_at
        return 0.0 if oldest_at is None else max(0.0, time.time() - oldest_at)

    @property
    def backlog(self) -> str | None:
        """What waits, in words; None when nothing does."""
        if self._database.oldest_at is None:
            return None
        return f"{self._database.bytes} bytes wait for the bus (oldest {self.age_seconds:.0f} s)"

    async def keep(self, messages: Sequence[OutgoingMessage]) -> None:
        """Return once the messages are on disk. Calls that come during a write share the next one.

        Raises:
            NotKeptError: they are not: it is full, or the disk is in trouble.
        """
        self._waiting += messages
        if self._next_write is None:
            self._next_write = asyncio.create_task(self._write(), name="spool write")
        await asyncio.shield(self._next_write)  # a call that goes away stops nobody else's

    async def oldest(self, number: int) -> list[tuple[int, OutgoingMessage]]:
        """Return so many of the oldest messages, each with its place.

        Raises:
            sqlite3.Error: they can't be read.
        """
        return await self._in_thread(self._database.oldest, number)

    async def remove(self, last: int, refused: Sequence[OutgoingMessage]) -> None:
        """Forget the messages up to the place `last`, but write the refused ones to a file.

        Raises:
            OSError, sqlite3.Error: the disk is in trouble.
        """
        if refused:
            await self._in_thread(self._database.set_aside, refused)
        await self._in_thread(self._database.remove, last)
        self.problem = None  # there is room again: the next outage must not begin as full

    async def close(self) -> None:
        """Finish writing, and leave the directory to the next process."""
        if self._next_write is not None:
            await asyncio.wait([self._next_write])
        async with self._writing:
            await self._in_thread(self._database.close)
        self._thread.shutdown()

    async def _write(self) -> None:
        async with self._writing:
            messages, self._waiting, self._next_write = self._waiting, [], None
            try:
                await self._in_thread(self._database.add, messages)
            except sqlite3.Error as error:
                is_full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
                self.problem = "full" if is_full else f"the disk fails: {error}"
                raise NotKeptError(self.problem) from None
        self.problem = None
        self.filled.set()

    async def _in_thread(self, work: Callable[[*_Ts], _T], *given: *_Ts) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *given)
