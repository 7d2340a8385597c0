"""What the bus kit counts, in one registry, and of one queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from herald.bus.deliveries import Delivery
from herald.contracts.metrics import bus as definitions
from herald.service.instruments import counter, gauge, histogram, observe_many

RESULTS = ("acked", "rejected", "lost")  # of deliveries


@dataclass(frozen=True, slots=True)
class BusMetrics:
    """The bus kit's metrics in one registry."""

    batch_size: Histogram
    batch_seconds: Histogram
    delay_seconds: Histogram
    deliveries: Counter
    redeliveries: Counter
    handler_failures: Counter
    buffered: Gauge
    published: Counter


@dataclass(frozen=True, slots=True)
class QueueMetrics:
    """The series of one queue: looking them up would cost more than counting."""

    batch_size: Histogram
    batch_seconds: Histogram
    delay_seconds: Histogram
    deliveries: dict[str, Counter]  # by result
    redeliveries: Counter
    handler_failures: Counter
    buffered: Gauge

    def observe_delays(self, deliveries: Sequence[Delivery], now: float) -> None:
        """Observe how long deliveries waited, at `now`, in seconds since the epoch.

        AMQP timestamps are whole seconds, by the clock of whoever published; some have none.
        """
        published: dict[int, int] = {}  # how many, by when; few, in one batch
        for delivery in deliveries:
            if (at := delivery.published_at) is not None:
                published[at] = published.get(at, 0) + 1
        for at, number in published.items():
            observe_many(self.delay_seconds, max(0.0, now - at), number)


@cache
def bus_metrics(registry: CollectorRegistry) -> BusMetrics:
    """Return the metrics kept in `registry`, registering them the first time."""
    return BusMetrics(
        batch_size=histogram(definitions.BATCH_SIZE, registry),
        batch_seconds=histogram(definitions.BATCH_SECONDS, registry),
        delay_seconds=histogram(definitions.QUEUE_DELAY_SECONDS, registry),
        deliveries=counter(definitions.DELIVERIES, registry),
        redeliveries=counter(definitions.REDELIVERIES, registry),
        handler_failures=counter(definitions.BATCH_FAILURES, registry),
        buffered=gauge(definitions.BATCH_BUFFERED, registry),
        published=counter(definitions.PUBLISHED, registry),
    )


def queue_metrics(queue: str, registry: CollectorRegistry = REGISTRY) -> QueueMetrics:
    """Return a queue's series, made by this: an increase from nothing is unseen."""
    metrics = bus_metrics(registry)
    return QueueMetrics(
        batch_size=metrics.batch_size.labels(queue),
        batch_seconds=metrics.batch_seconds.labels(queue),
        delay_seconds=metrics.delay_seconds.labels(queue),
        deliveries={result: metrics.deliveries.labels(queue, result) for result in RESULTS},
        redeliveries=metrics.redeliveries.labels(queue),
        handler_failures=metrics.handler_failures.labels(queue),
        buffered=metrics.buffered.labels(queue),
    )
