"""What a channel's worker counts of the lasting connections that some accounts keep. Pure."""

from __future__ import annotations

from herald.contracts.metrics.definition import Across, Begins, counter, gauge

CONNECTIONS = gauge(
    "herald_account_connections",
    "connections",
    "Connections that an account keeps with its provider: ready, and missing of those it should",
    "channel",
    "account",
    "state",
    across=Across.SUM,
    begins=Begins.USE,
)
REPORTS = counter(
    "herald_account_reports_total",
    "messages",
    "What a provider said over such connections, by result: taken, put_off (the bus did not take"
    " it, and it comes again), refused (it can't be read)",
    "channel",
    "account",
    "result",
    begins=Begins.USE,
)
