"""What a channel's worker counts of the ways its calls leave by. Pure."""

from __future__ import annotations

from herald.contracts.metrics.definition import Across, Begins, counter, gauge

EGRESS_UP = gauge(
    "herald_egress_up",
    "0 or 1",
    "1 while calls to a provider go by an egress member, 0 while it is in quarantine or drained",
    "channel",
    "egress",
    "provider",
    across=Across.MIN,
)
EGRESS_SENDS = counter(
    "herald_egress_sends_total",
    "calls",
    "Calls made by an egress member, by how they ended: accepted, failed, not_sent, unknown",
    "channel",
    "egress",
    "provider",
    "result",
)
EGRESS_FAILURES = counter(
    "herald_egress_failures_total",
    "connections",
    "Connections that calls and checks did not get by an egress member, by why",
    "channel",
    "egress",
    "reason",
    begins=Begins.USE,
)
EGRESS_MOVES = counter(
    "herald_egress_moves_total",
    "moves",
    "Senders whose calls go on by another member: share, throttled, time, health",
    "channel",
    "reason",
)
