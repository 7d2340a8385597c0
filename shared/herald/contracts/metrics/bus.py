"""What a service counts of the queues it consumes and of what it publishes. Pure."""

from __future__ import annotations

from herald.contracts.metrics.definition import Across, Begins, counter, gauge, histogram

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_DELAYS = (1, 2, 5, 10, 30, 60, 300, 900, 3600, 14400)

BATCH_SIZE = histogram(
    "herald_batch_size",
    "deliveries",
    "Deliveries handed to a handler at once",
    "queue",
    buckets=_SIZES,
)
BATCH_SECONDS = histogram(
    "herald_batch_seconds",
    "seconds",
    "Time to handle and settle a batch, retries included",
    "queue",
    buckets=_SECONDS,
)
BATCH_FAILURES = counter(
    "herald_batch_failures_total",
    "batches",
    "Batches that a handler raised on and that are tried again in place",
    "queue",
)
BATCH_BUFFERED = gauge(
    "herald_batch_buffered",
    "deliveries",
    "Deliveries received and not yet handled",
    "queue",
    across=Across.SUM,
)
QUEUE_DELAY_SECONDS = histogram(
    "herald_queue_delay_seconds",
    "seconds",
    "From publishing to the handler, of what was taken from a queue and says when it was "
    "published; to the second, by the clocks of both",
    "queue",
    buckets=_DELAYS,
)
DELIVERIES = counter(
    "herald_deliveries_total",
    "deliveries",
    "Deliveries by what became of them: acked, rejected, or lost with their channel",
    "queue",
    "result",
)
REDELIVERIES = counter(
    "herald_redeliveries_total",
    "deliveries",
    "Deliveries that an earlier one counts against: it was received and not settled",
    "queue",
)
PUBLISHED = counter(
    "herald_published_total",
    "messages",
    "Messages published, by what became of them: confirmed, or the kind of failure",
    "exchange",
    "outcome",
    begins=Begins.USE,
)
