"""Free ports on the loopback interface."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"

# Below the range the kernel hands out to outgoing connections, so that none of those takes a port
# between our look and the server's bind.
CANDIDATES = range(20_000, 32_000)
TRIES = 1000


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
    """Return a free port that is not in `taken`.

    Raises:
        OSError: none was found.
    """
    for _ in range(TRIES):
        port = random.choice(CANDIDATES)  # noqa: S311  spreads concurrent runners, guards nothing
        if port not in taken and is_free(port):
            return port
    raise OSError(f"no free port on {LOOPBACK}")
