"""What a channel's worker counts of its calls and accounts. Pure."""

from __future__ import annotations

from herald.contracts.metrics.definition import Across, Begins, counter, gauge, histogram

SENDS = counter(
    "herald_sends_total",
    "calls",
    "Calls made, by how they ended: accepted, failed (with its class), not_sent, unknown",
    "channel",
    "provider",
    "account",
    "result",
    "failure_class",
)
SEND_SECONDS = histogram(
    "herald_send_seconds",
    "seconds",
    "Duration of a provider call",
    "channel",
    "provider",
    "account",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
SENDS_IN_FLIGHT = gauge(
    "herald_sends_in_flight", "calls", "Calls under way", "channel", "account", across=Across.SUM
)
THROTTLED = counter(
    "herald_throttled_total",
    "calls",
    "Calls that the provider throttled and did not process, by what it throttles: account, sender,"
    " pair (one recipient), egress",
    "channel",
    "provider",
    "account",
    "scope",
)
RATE_SHARE = gauge(
    "herald_account_rate_share",
    "share",
    "The share of its configured rate at which an account is called: under 1 while its platform"
    " allows less, or after it was down",
    "channel",
    "account",
    across=Across.MIN,
)
RETURNED = counter(
    "herald_returned_total",
    "attempts",
    "Work given back without a call",
    "channel",
    "reason",
    begins=Begins.USE,
)
REDELIVERED = counter(
    "herald_redelivered_total",
    "attempts",
    "Work that had a row already, by its state",
    "channel",
    "state",
)
RECORD_BATCH_SIZE = histogram(
    "herald_record_batch_size",
    "reports",
    "Reports recorded together",
    "channel",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200),
)
LEASES_ENDED = counter(
    "herald_leases_ended_total",
    "attempts",
    "Claims that nobody reported: their results are unknown",
    "channel",
    "account",
)
REPORTS_REPUBLISHED = counter(
    "herald_reports_republished_total", "reports", "Reports published again", "channel"
)
ACCOUNT_UP = gauge(
    "herald_account_up",
    "0 or 1",
    "1 while an account takes calls, 0 while it is down or paused",
    "channel",
    "account",
    across=Across.MIN,
)
LIMIT_GRANTED = counter(
    "herald_limit_granted_total",
    "calls",
    "Calls that the limits of their account let through",
    "channel",
    "account",
)
LIMIT_QUEUED = counter(
    "herald_limit_queued_total",
    "places",
    "Places in the queue of a limit given to work that no slot was there for",
    "channel",
    "account",
)
LIMIT_WAITING = gauge(
    "herald_limit_waiting",
    "attempts",
    "Work that waits in a worker for its turn at a limit",
    "channel",
    "lane",
    across=Across.SUM,
)
FILES = counter(
    "herald_files_fetched_total",
    "files",
    "Files fetched from links in messages, by how that ended: fetched, or why not (media.md)",
    "channel",
    "result",
)
FILES_HELD = gauge(
    "herald_files_held_bytes",
    "bytes",
    "Memory taken by fetched files, or kept for those that are being fetched",
    "channel",
    across=Across.SUM,
)
