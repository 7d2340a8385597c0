"""What tests compare with: every request, in memory and in an append-only, fsynced file.

A request is answered only after its line is on disk. Lines that wait together share one fsync.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter, deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from sandbox.peers import PEER

MAX_ENTRIES = 100_000  # in memory: a sandbox may run for weeks


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request for a message."""

    provider: str
    channel: str
    account: str
    to: str
    attempt: str | None  # the sender's own name for it, as far as the provider carries one
    reference: str | None  # the provider's id, when it was accepted
    accepted: bool
    outcome: str  # `accepted`, or why not
    at: datetime
    peer: str | None = None  # the address it came from


class Ledger:
    """Remembers the newest requests, and writes all of them; `start` opens the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)
        self._tries: Counter[tuple[str, str]] = Counter()
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._arrived = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._file = -1

    async def start(self) -> None:
        """Open the file and begin to write."""
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._writer = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """Write nothing more."""
        if self._writer is not None:
            self._writer.cancel()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def tries(self, channel: str, to: str) -> int:
        """Count a request for a recipient on a channel; return how many there were before."""
        before = self._tries[channel, to]
        self._tries[channel, to] += 1
        return before

    async def record(
        self,
        *,
        provider: str,
        channel: str,
        account: str,
        to: str,
        attempt: str | None,
        reference: str | None = None,
        outcome: str = "accepted",
    ) -> None:
        """Remember a request; returns once it is on disk."""
        entry = Entry(
            provider=provider,
            channel=channel,
            account=account,
            to=to,
            attempt=attempt,
            reference=reference,
            accepted=reference is not None,
            outcome=outcome,
            at=datetime.now(UTC),
            peer=PEER.get(),
        )
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((to_json(asdict(entry)) + b"\n", written))
        self._arrived.set()
        await written
        self._entries.append(entry)

    def entries(
        self, *, to: str | None = None, channel: str | None = None, accepted: bool | None = True
    ) -> list[dict[str, Any]]:
        """Return requests in order; `accepted=None` returns refused ones too."""
        return [
            asdict(entry)
            for entry in self._entries
            if to in {None, entry.to}
            and channel in {None, entry.channel}
            and accepted in {None, entry.accepted}
        ]

    def reset(self) -> None:
        """Forget what is in memory; the file stays."""
        self._entries.clear()
        self._tries.clear()

    async def _write(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            group, self._waiting = self._waiting, []
            failure: OSError | None = None
            try:
                await asyncio.to_thread(self._append, b"".join(line for line, _ in group))
            except OSError as error:
                failure = error
            for _, written in group:
                if written.done():
                    continue
                if failure is None:
                    written.set_result(None)
                else:
                    written.set_exception(failure)

    def _append(self, lines: bytes) -> None:
        while lines:  # a disk that fills up takes a part
            lines = lines[os.write(self._file, lines) :]
        os.fsync(self._file)
