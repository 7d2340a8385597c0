"""Free ports on the loopback interface."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from collections import deque
from pathlib import Path

LOOPBACK = "127.0.0.1"

# Below the range the kernel hands out to outgoing connections, so that none of those takes a port
# between our look and the server's bind.
CANDIDATES = range(20_000, 32_000)
TRIES = 1000

# A file for each port that a process chose, locked by it: two that start a stack at once would now
# and then choose the same port, seconds before a server of theirs listens there.
_CHOSEN = Path(tempfile.gettempdir()) / f"herald-ports-{os.getuid()}"
_locks: deque[int] = deque()  # this process's, which end with it
_MOST_LOCKS = 100  # a server listens on what was chosen long before


def is_free(port: int) -> bool:
    """Say whether a server could listen on `port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_open(port: int) -> bool:
    """Say whether something accepts connections on `port`."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def free_port(taken: set[int] | frozenset[int] = frozenset()) -> int:
    """Return a free port that is not in `taken`, and that no other process is about to use.

    Raises:
        OSError: none was found.
    """
    for _ in range(TRIES):
        port = random.choice(CANDIDATES)  # noqa: S311  spreads concurrent runners, guards nothing
        if port not in taken and is_free(port) and _is_ours(port):
            return port
    raise OSError(f"no free port on {LOOPBACK}")


def _is_ours(port: int) -> bool:
    """Choose a port, if no other process has."""
    _CHOSEN.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(_CHOSEN / str(port), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return False
    _locks.append(lock)
    if len(_locks) > _MOST_LOCKS:
        os.close(_locks.popleft())
    return True
