"""The spool: keeps frames on disk at once for many calls, and gives them back oldest first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from herald.bus.outgoing_messages import OutgoingMessage
from ingress import metrics
from ingress.spool.records import line_of
from ingress.spool.segments import FullError, Segments

_T = TypeVar("_T")


class NotKeptError(Exception):
    """Frames that are not on disk."""


class Spool:
    """Frames that wait for the bus. `filled` is set while there may be some.

    One thread does all that blocks. Calls that come while it writes share the next write.
    """

    def __init__(self, segments: Segments) -> None:
        self.filled = asyncio.Event()
        self._segments = segments
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._waiting: list[tuple[list[bytes], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._oldest_at = segments.oldest_at()
        self._trouble: str | None = None
        if self._oldest_at is not None:
            self.filled.set()
        metrics.SPOOL_BYTES.set_function(lambda: segments.bytes)
        metrics.SPOOL_AGE.set_function(lambda: self.age_seconds)

    @property
    def age_seconds(self) -> float:
        """How long the oldest frame has waited; zero when none waits."""
        return 0.0 if self._oldest_at is None else max(0.0, time.time() - self._oldest_at)

    @property
    def problem(self) -> str | None:
        """Why it took nothing the last time; None when it did."""
        return self._trouble

    @property
    def backlog(self) -> str | None:
        """What waits, in words; None when nothing does."""
        if self._oldest_at is None:
            return None
        return f"{self._segments.bytes} bytes wait for the bus (oldest {self.age_seconds:.0f} s)"

    async def keep(self, frames: Sequence[OutgoingMessage]) -> None:
        """Return once the frames are on disk.

        Raises:
            NotKeptError: they are not: it is full, or the disk is in trouble.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(([line_of(frame) for frame in frames], future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="spool write")
        await future

    async def take_oldest(self) -> tuple[Path, list[bytes]] | None:
        """Return the oldest segment and its lines; None when nothing waits.

        Raises:
            OSError: it can't be read.
        """
        return await self._in_thread(self._read_oldest)

    async def remove(self, path: Path) -> None:
        """Forget a segment: all of it is on the bus.

        Raises:
            OSError: it can't be removed.
        """
        await self._in_thread(partial(self._segments.remove, path))
        self._trouble = None  # there is room again: the next outage must not begin as full
        self._oldest_at = await self._in_thread(self._segments.oldest_at)

    async def set_aside(self, path: Path, lines: Sequence[bytes]) -> Path:
        """Keep lines of a segment for a person; return the file that has them.

        Raises:
            OSError: they can't be written.
        """
        return await self._in_thread(partial(self._segments.set_aside, path, lines))

    async def close(self) -> None:
        """Finish writing, and leave the directory to the next process."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
        await self._in_thread(self._segments.close)
        self._thread.shutdown()

    async def _write(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                lines = [line for own, _ in group for line in own]
                self._trouble = await self._in_thread(partial(self._append, lines))
                if self._trouble is None:
                    self._oldest_at = self._oldest_at or time.time()
                    self.filled.set()
                for _, future in group:
                    self._answer(future)
        finally:
            self._writing = None

    def _answer(self, future: asyncio.Future[None]) -> None:
        if future.done():  # its call was cancelled
            return
        if self._trouble is None:
            future.set_result(None)
        else:
            future.set_exception(NotKeptError(self._trouble))

    def _append(self, lines: Sequence[bytes]) -> str | None:
        try:
            self._segments.append(lines)
        except FullError:
            return "full"
        except OSError as error:
            return f"the disk fails: {error.strerror}"
        return None

    def _read_oldest(self) -> tuple[Path, list[bytes]] | None:
        path = self._segments.oldest()
        if path is None:
            return None
        return path, [line for line in path.read_bytes().split(b"\n") if line]

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
