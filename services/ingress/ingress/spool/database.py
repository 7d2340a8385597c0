"""The spool's SQLite file. Everything here blocks, and no two calls may run at once.

What `add` has returned from is on the disk: SQLite syncs each transaction before it ends.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from herald.bus.outgoing_messages import OutgoingMessage

PAGE_BYTES = 4096
# EXCLUSIVE: from here on no other process can use the file
_OPEN = """
PRAGMA page_size = {page_bytes};
PRAGMA max_page_count = {pages};
PRAGMA temp_store = MEMORY;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS waiting (
    id INTEGER PRIMARY KEY,
    kept_at REAL NOT NULL,
    exchange TEXT NOT NULL,
    routing_key TEXT NOT NULL,
    body BLOB NOT NULL,
    message_id TEXT NOT NULL,
    type TEXT NOT NULL,
    headers TEXT NOT NULL
);
PRAGMA user_version = 1;
"""
_COLUMNS = "exchange, routing_key, body, message_id, type, headers"
_INSERT = f"INSERT INTO waiting (kept_at, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_OLDEST = f"SELECT id, {_COLUMNS} FROM waiting ORDER BY id LIMIT ?"  # noqa: S608


class SpoolUnusableError(Exception):
    """The directory can't hold a spool."""


class SpoolDatabase:
    """Messages in the order in which they came.

    `messages`: how many there are. `bytes`: how much of the file they take. `oldest_at`: since when
    the oldest waits, in seconds since the epoch; None: there are none.

    Raises:
        SpoolUnusableError: it can't be written to, another process uses it, or it holds the files
            of an earlier version.
    """

    def __init__(self, directory: Path, max_bytes: int) -> None:
        path = directory / "spool.sqlite"
        self._unreadable = directory / "spool.unreadable"
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if left := sorted(item.name for item in directory.glob("*.segment")):
                reason = f"an earlier version must put on the bus first: {', '.join(left)}"
                raise SpoolUnusableError(f"{directory}: {reason}")
            path.touch(mode=0o600)
            self._sqlite = sqlite3.connect(path, timeout=0, check_same_thread=False)
            pages = max(1, max_bytes // PAGE_BYTES)
            self._sqlite.executescript(_OPEN.format(page_bytes=PAGE_BYTES, pages=pages))
            [self.messages] = self._sqlite.execute("SELECT count(*) FROM waiting").fetchone()
            self._measure()
        except OSError as error:
            raise SpoolUnusableError(f"{directory}: {error.strerror}") from None
        except sqlite3.Error as error:
            is_used = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
            reason = "another process uses it" if is_used else str(error)
            raise SpoolUnusableError(f"{directory}: {reason}") from None

    def add(self, messages: Sequence[OutgoingMessage]) -> None:
        """Add all of the messages, or none.

        Raises:
            sqlite3.Error: none is: there is no room (SQLITE_FULL), or the disk is in trouble.
        """
        now = time.time()
        rows = [
            (now, m.exchange, m.routing_key, m.body, m.message_id, m.type, json.dumps(m.headers))
            for m in messages
        ]
        with self._sqlite:
            self._sqlite.executemany(_INSERT, rows)
        self.messages += len(rows)
        self._measure()

    def oldest(self, number: int) -> list[tuple[int, OutgoingMessage]]:
        """Return so many of the oldest messages, each with its place.

        Raises:
            sqlite3.Error: they can't be read.
        """
        rows = self._sqlite.execute(_OLDEST, (number,))
        return [
            (place, OutgoingMessage(exchange, key, body, name, kind, headers=json.loads(headers)))
            for place, exchange, key, body, name, kind, headers in rows
        ]

    def remove(self, last: int) -> None:
        """Forget the messages up to the place `last`.

        Raises:
            sqlite3.Error: they are still there.
        """
        with self._sqlite:
            removed = self._sqlite.execute("DELETE FROM waiting WHERE id <= ?", (last,))
        self.messages -= removed.rowcount
        self._measure()
        if self.oldest_at is None:  # what people wrote is not to stay in the file's free pages
            self._sqlite.execute("VACUUM")
            self._sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def set_aside(self, messages: Sequence[OutgoingMessage]) -> None:
        """Write messages that can't be published to a file, for a person to look at.

        Raises:
            OSError: they can't be written.
        """
        self._unreadable.touch(mode=0o600)
        with self._unreadable.open("a") as file:
            file.writelines(f"{message!r}\n" for message in messages)
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        """Let another process use the directory."""
        self._sqlite.close()

    def _measure(self) -> None:
        oldest = self._sqlite.execute("SELECT kept_at FROM waiting ORDER BY id LIMIT 1").fetchone()
        [pages] = self._sqlite.execute("PRAGMA page_count").fetchone()
        [free] = self._sqlite.execute("PRAGMA freelist_count").fetchone()
        self.oldest_at: float | None = oldest and oldest[0]
        self.bytes = (pages - free) * PAGE_BYTES if oldest else 0
