"""The one list of metrics, and what services register."""

from __future__ import annotations

from importlib import import_module

import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from herald.bus.metrics import bus_metrics
from herald.contracts.metrics import LABELS, METRICS, PARTS, Across, Kind, Metric

REGISTERING = (
    "herald.channel.egress.metrics",
    "herald.channel.metrics",
    "herald.providers.smpp.metrics",
    "herald.service.http_limits.metrics",
    "herald.service.loop_lag",
    "herald.service.operations_routes",
    "herald.sessions.metrics",
    "ingress.metrics",
    "router.metrics",
)
LISTED = [pytest.param(metric, id=metric.name) for metric in METRICS.values()]


def test_nothing_is_registered_that_is_not_in_the_list() -> None:
    """A reader finds every metric in one place."""
    bus_metrics(REGISTRY)
    for module in REGISTERING:
        import_module(module)
    registered = {
        f"{metric._name}{'_total' if metric._type == 'counter' else ''}"
        for metric in REGISTRY._collector_to_names
        if isinstance(metric, MetricWrapperBase)
    }
    assert {name for name in registered if name.startswith("herald_")} == METRICS.keys()


def test_no_name_is_defined_twice() -> None:
    """Two parts that define one name would hide one another."""
    assert sum(map(len, PARTS.values())) == len(METRICS)


def test_every_label_says_where_its_values_come_from() -> None:
    """And none is explained that no metric has."""
    assert {label for metric in METRICS.values() for label in metric.labels} == LABELS.keys()


@pytest.mark.parametrize("metric", LISTED)
def test_a_name_says_kind_and_unit(metric: Metric) -> None:
    """As Prometheus asks for: counters end in _total, times in _seconds, sizes in _bytes."""
    assert (metric.kind is Kind.COUNTER) == metric.name.endswith("_total")
    for unit in ("seconds", "bytes"):
        assert (metric.unit == unit) == metric.name.removesuffix("_total").endswith(f"_{unit}")
    assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
    assert metric.buckets == tuple(sorted(set(metric.buckets)))
    if metric.kind is not Kind.GAUGE:
        assert metric.across is Across.SUM
