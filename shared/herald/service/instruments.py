"""Prometheus's own objects, made from the definitions in `herald.contracts.metrics`."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from herald.contracts.metrics import Metric


def counter(metric: Metric, registry: CollectorRegistry = REGISTRY) -> Counter:
    """Register a counter."""
    return Counter(metric.name, metric.meaning, metric.labels, registry=registry)


def gauge(metric: Metric, registry: CollectorRegistry = REGISTRY) -> Gauge:
    """Register a gauge."""
    return Gauge(metric.name, metric.meaning, metric.labels, registry=registry)


def histogram(metric: Metric, registry: CollectorRegistry = REGISTRY) -> Histogram:
    """Register a histogram."""
    return Histogram(
        metric.name, metric.meaning, metric.labels, buckets=metric.buckets, registry=registry
    )


def begin_series(metric: MetricWrapperBase, series: Iterable[tuple[str, ...]]) -> None:
    """Make a metric's series, each at zero: an increase from nothing is unseen."""
    for labels in series:
        metric.labels(*labels)


def observe_many(histogram: Histogram, value: float, number: int) -> None:
    """Observe the same value `number` times at the cost of once; the library has no call for it."""
    histogram._sum.inc(value * number)  # noqa: SLF001  as its own observe() does
    for bound, bucket in zip(histogram._upper_bounds, histogram._buckets, strict=True):  # noqa: SLF001
        if value <= bound:
            bucket.inc(number)
            return
