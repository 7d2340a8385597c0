"""What is counted of binds, and of what comes over them."""

from __future__ import annotations

from itertools import product

from herald.contracts.metrics import connections as definitions
from herald.service.instruments import begin_series, counter, gauge

READY, MISSING = "ready", "missing"
TAKEN, PUT_OFF, REFUSED = "taken", "put_off", "refused"

CONNECTIONS = gauge(definitions.CONNECTIONS)
REPORTS = counter(definitions.REPORTS)


def initialise(channel: str, account: str) -> None:
    """Make every series of an account."""
    begin_series(CONNECTIONS, product([channel], [account], (READY, MISSING)))
    begin_series(REPORTS, product([channel], [account], (TAKEN, PUT_OFF, REFUSED)))


class BindCounts:
    """The binds of one account by one way; several ways add up."""

    def __init__(self, channel: str, account: str) -> None:
        self._ready = CONNECTIONS.labels(channel, account, READY)
        self._missing = CONNECTIONS.labels(channel, account, MISSING)

    def wanted(self, number: int) -> None:
        """Take note of binds to open; a negative number: of those no more wanted."""
        self._missing.inc(number)

    def opened(self) -> None:
        """Take note of a bind."""
        self._ready.inc()
        self._missing.dec()

    def ended(self) -> None:
        """Take note of its end."""
        self._ready.dec()
        self._missing.inc()
