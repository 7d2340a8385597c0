"""The sealing keys of a process, read again when their file has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from herald.sessions.sealing import SealingKeys

_log = structlog.get_logger(__name__)


class KeysFileError(Exception):
    """The keys file can't be used; the text says why and shows no key."""


class KeyRing:
    """The keys as they were read last: a changed file that can't be used changes nothing."""

    def __init__(self, path: Path, read: Callable[[Path], SealingKeys]) -> None:
        """Read the keys.

        Raises:
            KeysFileError: the file can't be used.
        """
        self._path = path
        self._read = read
        self._stamp = _stamp(path)
        self.current = read(path)

    async def look(self) -> bool:
        """Read the file again if it has changed; return whether the keys did."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self.current = await asyncio.to_thread(self._read, self._path)
        except KeysFileError as error:
            _log.warning("session_keys.unreadable", error=str(error))
            return False
        _log.info("session_keys.read", ids=list(self.current.ids))
        return True


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Identify a file's content; a mounted secret is replaced, so its inode counts."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
