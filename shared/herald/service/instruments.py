"""Prometheus's own objects, made from the definitions in `herald.contracts.metrics`."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Numbers
from collections.abc import Iterable, Sequence

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


class Tally:
    """Counts of what happened together: each series is increased once, at the cost of once."""

    def __init__(self) -> None:
        self._counts: dict[Counter, int] = {}
        self._values: dict[Histogram, list[float]] = {}

    def count(self, series: Counter) -> None:
        """Count one more."""
        self._counts[series] = self._counts.get(series, 0) + 1

    def observe(self, series: Histogram, value: float) -> None:
        """Observe one value more."""
        self._values.setdefault(series, []).append(value)

    def add(self) -> None:
        """Add it all to the series."""
        for series, number in self._counts.items():
            series.inc(number)
        for histogram, values in self._values.items():
            _observe_all(histogram, values)


def _observe_all(histogram: Histogram, values: Sequence[float]) -> None:
    """Observe values; the library has no call for several."""
    histogram._sum.inc(sum(values))  # noqa: SLF001  as its own observe() does
    bounds, buckets = histogram._upper_bounds, histogram._buckets  # noqa: SLF001
    for bucket, number in Numbers(bisect_left(bounds, value) for value in values).items():
        buckets[bucket].inc(number)


def observe_many(histogram: Histogram, value: float, number: int) -> None:
    """Observe the same value `number` times at the cost of once; the library has no call for it."""
    histogram._sum.inc(value * number)  # noqa: SLF001  as its own observe() does
    histogram._buckets[bisect_left(histogram._upper_bounds, value)].inc(number)  # noqa: SLF001
