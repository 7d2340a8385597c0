"""What the bus kit counts. Labels are queues, exchanges and outcomes: closed sets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

RESULTS = ("acked", "rejected", "lost")  # of deliveries


@dataclass(frozen=True, slots=True)
class BusMetrics:
    """The bus kit's metrics in one registry."""

    batch_size: Histogram
    batch_seconds: Histogram
    deliveries: Counter
    redeliveries: Counter
    handler_failures: Counter
    buffered: Gauge
    published: Counter

    def initialise(self, queue: str) -> None:
        """Make a queue's series: an increase from nothing is unseen."""
        for result in RESULTS:
            self.deliveries.labels(queue, result)
        for counter in (self.redeliveries, self.handler_failures):
            counter.labels(queue)


@cache
def bus_metrics(registry: CollectorRegistry = REGISTRY) -> BusMetrics:
    """Return the metrics kept in `registry`, registering them the first time."""
    return BusMetrics(
        batch_size=Histogram(
            "herald_batch_size",
            "Deliveries handed to a handler at once.",
            ["queue"],
            buckets=_SIZES,
            registry=registry,
        ),
        batch_seconds=Histogram(
            "herald_batch_seconds",
            "Time to handle and settle a batch, retries included.",
            ["queue"],
            buckets=_SECONDS,
            registry=registry,
        ),
        deliveries=Counter(
            "herald_deliveries",
            "Deliveries by what became of them: acked, rejected, or lost with their channel.",
            ["queue", "result"],
            registry=registry,
        ),
        redeliveries=Counter(
            "herald_redeliveries",
            "Deliveries that an earlier one counts against: it was received and not settled.",
            ["queue"],
            registry=registry,
        ),
        handler_failures=Counter(
            "herald_batch_failures",
            "Batches that a handler raised on and that are tried again in place.",
            ["queue"],
            registry=registry,
        ),
        buffered=Gauge(
            "herald_batch_buffered",
            "Deliveries received and not yet handled.",
            ["queue"],
            registry=registry,
        ),
        published=Counter(
            "herald_published",
            "Messages published, by what became of them: confirmed, or the kind of failure.",
            ["exchange", "outcome"],
            registry=registry,
        ),
    )
