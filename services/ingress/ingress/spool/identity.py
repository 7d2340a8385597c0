"""Who an ingress is to the routers, kept in its spool's directory: a crash does not change it.

Routers judge no silence while an ingress that they know sends no pulse, for what it took may be on
its disk. So it keeps nothing there before they know it, and after a crash it is still the same one.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from uuid import UUID, uuid4

_NAME = "instance"


class Identity:
    """The id of one process, or of it and those before it that crashed. Blocks for moments only."""

    def __init__(self, directory: Path | None = None) -> None:
        """Take over what a crash left in `directory`; None: there is no spool."""
        self._path = None if directory is None else directory / _NAME
        left = self._read()
        self.is_known = left is not None  # to the routers
        self.instance = left or uuid4()

    def note_known(self) -> None:
        """Note that the routers know it.

        Raises:
            OSError: the disk's trouble; it is known for as long as this process runs.
        """
        if self.is_known:
            return
        self.is_known = True
        if self._path is not None:
            with self._path.open("w") as file:
                file.write(str(self.instance))
                file.flush()
                os.fsync(file.fileno())

    def forget(self) -> None:
        """End in order: the next process is another one.

        Raises:
            OSError: the disk's trouble.
        """
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _read(self) -> UUID | None:
        with contextlib.suppress(OSError, ValueError):
            return None if self._path is None else UUID(self._path.read_text())
        return None
