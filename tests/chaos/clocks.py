"""Wall clocks that go wrong: libfaketime lets one process see another time, from any moment on.

Monotonic clocks are left alone, as they are when a machine's time is corrected.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from chaos.size import SHORT, SIZE
from herald_local import packages
from herald_local.errors import LocalError

PACKAGE = "faketime"
LIBRARY = "faketime/libfaketime.so.1"
FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
NO_LIBRARY = f"clocks were left right: {PACKAGE} (Debian) is not installed; `make chaos` tries to"


@cache
def library() -> Path | None:
    """Return libfaketime, in the large form installing it if that is possible; None: no luck."""
    found = _found()
    if found is None and SIZE is not SHORT and packages.can_install():
        try:
            packages.install(PACKAGE)
        except LocalError:
            return None
        found = _found()
    return found if found is not None and _works(found) else None


class Clock:
    """The wall clock of one process."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set_off(0)

    @property
    def environment(self) -> dict[str, str]:
        """What the process is started with; empty where clocks can't be set."""
        preload = library()
        if preload is None:
            return {}
        return {
            "LD_PRELOAD": str(preload),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set_off(self, seconds: int) -> None:
        """Let the process see a time that is so much later (or earlier), within a second."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        written = self._file.with_suffix(".new")
        written.write_text(f"{seconds:+d}\n")
        written.replace(self._file)


def _found() -> Path | None:
    places = [place for folder in FOLDERS for place in Path(folder).glob(f"*/{LIBRARY}")]
    return places[0] if places else None


def _works(preload: Path) -> bool:
    """Ask a program that was not made by us for the time, an hour from now."""
    date = shutil.which("date")
    if date is None:
        return False

    def now(**environment: str) -> int:
        ours = os.environ | environment
        printed = subprocess.run(
            [date, "+%s"], env=ours, capture_output=True, check=False, timeout=10
        )
        return int(printed.stdout or 0)

    return now(LD_PRELOAD=str(preload), FAKETIME="+3600s") - now() > 1800
