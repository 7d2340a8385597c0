"""Runs over the sandbox, which end by the file of its requests and by rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import asyncpg

_RECORDED = "SELECT count(*) FROM router.history WHERE status = $1 AND recorded_at >= $2"


class SandboxFinish:
    """A run is over when every message has a status on record. Nothing else may run meanwhile."""

    def __init__(self, requests_file: Path, status: str) -> None:
        self._file = requests_file
        self._status = status
        self._read_up_to = 0
        self._taken = 0
        self._since = datetime.now(UTC)

    def taken(self) -> int:
        """Count the lines that the file has got."""
        with self._file.open("rb") as lines:
            lines.seek(self._read_up_to)
            new = lines.read()
        self._read_up_to += len(new)
        self._taken += new.count(b"\n")
        return self._taken

    async def recorded(self, database: asyncpg.Connection, _first: int, _number: int) -> int:
        """Count rows of the history: it costs, and so is done only at the end."""
        found: int = await database.fetchval(_RECORDED, self._status, self._since)
        return found
