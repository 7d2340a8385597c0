"""Waiting for something to become true."""

from __future__ import annotations

import time
from collections.abc import Callable

from herald_local.errors import NotReadyError

POLL_SECONDS = 0.1


def wait_until(
    condition: Callable[[], bool], *, timeout_seconds: float, complaint: Callable[[], str]
) -> None:
    """Look until `condition` holds.

    Raises:
        NotReadyError: with `complaint()`, when it still does not after `timeout_seconds`.
    """
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NotReadyError(complaint())
        time.sleep(POLL_SECONDS)
