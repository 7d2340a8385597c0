"""The spool's files: lines are added to the newest, and the oldest is taken away whole.

Everything here blocks, and is for one thread. What `append` has returned from is on the disk.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

SEGMENT_BYTES = 1024 * 1024  # a file is not added to beyond that: it is read whole
_SUFFIX = ".segment"
_UNREADABLE = ".unreadable"
_LOCK = "lock"
_NANOSECONDS = 10**9


class FullError(Exception):
    """There is no room for more."""


class SpoolUnusableError(Exception):
    """The directory can't hold a spool."""


class Segments:
    """The files of one directory, which no other process uses meanwhile.

    Names are the times of their making, so that they sort by age. `bytes` is the size of all.

    Raises:
        SpoolUnusableError: it can't be written to, or another process uses it.
    """

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._current: BinaryIO | None = None
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _locked(directory / _LOCK)
            self.bytes = sum(path.stat().st_size for path in self._paths())
        except BlockingIOError:
            raise SpoolUnusableError(f"{directory}: another process uses it") from None
        except OSError as error:
            raise SpoolUnusableError(f"{directory}: {error.strerror}") from None

    def append(self, lines: Sequence[bytes]) -> None:
        """Add lines, and return once they are on the disk.

        Raises:
            FullError: there is no room for them.
            OSError: the disk's trouble; some of them may be there all the same.
        """
        text = b"".join(lines)
        if self.bytes + len(text) > self._max_bytes:
            raise FullError
        file = self._current or self._begin()
        self.bytes += len(text)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            self._end()  # a line cut short is the last of its file
            raise
        if file.tell() >= SEGMENT_BYTES:
            self._end()

    def oldest(self) -> Path | None:
        """Return the oldest file, which nothing is added to from now on; None: all are gone."""
        path = min(self._paths(), default=None)
        if path is not None and self._current is not None and path == Path(self._current.name):
            self._end()
        return path

    def oldest_at(self) -> float | None:
        """Return when the oldest file was begun, in seconds since the epoch."""
        path = min(self._paths(), default=None)
        return None if path is None else int(path.stem) / _NANOSECONDS

    def remove(self, path: Path) -> None:
        """Take a file away."""
        path.unlink()
        self.bytes = sum(other.stat().st_size for other in self._paths())

    def set_aside(self, path: Path, lines: Sequence[bytes]) -> Path:
        """Keep lines of a file for a person to look at; return the file that has them."""
        place = path.with_suffix(_UNREADABLE)
        with place.open("ab") as file:
            os.fchmod(file.fileno(), 0o600)
            file.writelines(line + b"\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        return place

    def close(self) -> None:
        """Let another process use the directory."""
        self._end()
        self._lock.close()

    def _paths(self) -> list[Path]:
        return list(self._directory.glob(f"*{_SUFFIX}"))

    def _begin(self) -> BinaryIO:
        path = self._directory / f"{time.time_ns():020}{_SUFFIX}"
        self._current = file = path.open("xb")
        os.fchmod(file.fileno(), 0o600)
        _sync_directory(self._directory)
        return file

    def _end(self) -> None:
        if self._current is not None:
            with contextlib.suppress(OSError):  # what a failed write left in the buffer
                self._current.close()
            self._current = None


def _locked(path: Path) -> BinaryIO:
    """Lock a file for this process, and write to it: so the directory's disk takes something."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.truncate(0)
        file.write(f"{os.getpid()}\n".encode())
        file.flush()
        os.fsync(file.fileno())
    except OSError:
        file.close()
        raise
    return file


def _sync_directory(directory: Path) -> None:
    """Have the disk know a new file's name, too."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
