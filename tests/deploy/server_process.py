"""A server of a test's own: started on a free port, ready when its health page says so."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from herald_local import processes
from herald_local.errors import NotReadyError
from herald_local.parent_death import dying_with_parent
from herald_local.waiting import wait_until
from herald_local.web import call

START_SECONDS = 30
HTTP_OK = 200


@contextmanager
def running(home: Path, name: str, command: Sequence[str], ready_url: str) -> Iterator[None]:
    """Run a server for the time of a `with` block; it dies with this process at the latest.

    Raises:
        NotReadyError: it ended or did not become ready; the message has the end of its log.
    """
    processes.launch(home, name, dying_with_parent(command), os.environ)
    try:
        wait_until(
            lambda: _is_ready(home, name, ready_url),
            timeout_seconds=START_SECONDS,
            complaint=lambda: _complaint(home, name, "is not ready"),
        )
        yield
    finally:
        processes.stop(home, [name])


def _is_ready(home: Path, name: str, url: str) -> bool:
    if processes.running_pid(home, name) is None:
        raise NotReadyError(_complaint(home, name, "has ended"))
    return call("GET", url).status == HTTP_OK


def _complaint(home: Path, name: str, what: str) -> str:
    return f"{name} {what}:\n{processes.log_tail(home, name)}"
