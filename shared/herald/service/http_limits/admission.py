"""Which connections a listener holds: bounded in number, each until its deadline."""

from __future__ import annotations

import asyncio
import resource
from typing import Protocol

from herald.service.http_limits.metrics import CONNECTIONS

LOOK_SECONDS = 1.0
OPERATIONS_CONNECTIONS = 100
# for the operations listener, broker, database, providers, files; and connections being refused
RESERVED_DESCRIPTORS = 256
MOST_CONNECTIONS = 2_000  # whatever the limit of descriptors: each costs some 20 KB when idle
FEWEST_CONNECTIONS = 16
MAX_BEING_REFUSED = 64  # past the bound so many get a 503; the others are just closed


class Connection(Protocol):
    """A connection as its listener sees it."""

    @property
    def deadline(self) -> float:
        """When it is to end, in the event loop's time."""
        ...

    def expire(self, now: float) -> None:
        """End whatever took too long."""
        ...

    def leave(self) -> None:
        """Close an idle connection at once, for good: another one needs its place."""
        ...


def most_connections() -> int:
    """Return how many connections clients may hold, by the process's limit of open files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(FEWEST_CONNECTIONS, min(soft - RESERVED_DESCRIPTORS, MOST_CONNECTIONS))


class Admission:
    """The connections of one listener.

    When it is full, the connection that has been idle longest gives way; when all are at work, the
    new one is refused.
    """

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self.is_closing = False  # its connections end, each after its answer
        self._connections: set[Connection] = set()
        self._idle: dict[Connection, None] = {}  # the longest first
        self._look: asyncio.TimerHandle | None = None

    def enter(self, connection: Connection) -> bool:
        """Count a new connection, idle as yet; False when there is no place for it."""
        self._connections.add(connection)
        CONNECTIONS.inc()
        if self._look is None:
            self._look_later()
        if len(self._connections) > self.bound:
            oldest = next(iter(self._idle), None)
            if oldest is None:
                return False
            self.lose(oldest)
            oldest.leave()
        self._idle[connection] = None
        return True

    @property
    def may_explain(self) -> bool:
        """Whether a refused connection may stay until it has read why."""
        return len(self._connections) <= self.bound + MAX_BEING_REFUSED

    def busy(self, connection: Connection) -> None:
        """Say that a connection began a request."""
        self._idle.pop(connection, None)

    def idle(self, connection: Connection) -> None:
        """Say that a connection has no request under way."""
        if connection in self._connections:
            self._idle[connection] = None

    def lose(self, connection: Connection) -> None:
        """Say that a connection has ended. Once is enough, twice does no harm."""
        self._idle.pop(connection, None)
        if connection in self._connections:
            self._connections.remove(connection)
            CONNECTIONS.dec()

    def _look_later(self) -> None:
        self._look = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look_at_all)

    def _look_at_all(self) -> None:
        """One timer for all: one each would cost every request its setting and its cancelling."""
        self._look = None
        now = asyncio.get_running_loop().time()
        for connection in [c for c in self._connections if c.deadline <= now]:
            connection.expire(now)
        if self._connections:
            self._look_later()
