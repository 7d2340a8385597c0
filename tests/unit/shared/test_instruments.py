"""Prometheus's objects, as Herald uses them."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from herald.contracts.metrics.bus import QUEUE_DELAY_SECONDS
from herald.service.instruments import histogram, observe_many


@pytest.mark.parametrize("value", [0.0, 1.0, 1.1, 59.0, 1e9])
def test_many_observations_at_once_are_as_many_one_by_one(value: float) -> None:
    """The library's own way shows the same afterwards."""
    at_once, one_by_one = CollectorRegistry(), CollectorRegistry()
    observe_many(histogram(QUEUE_DELAY_SECONDS, at_once).labels("q"), value, 3)
    series = histogram(QUEUE_DELAY_SECONDS, one_by_one).labels("q")
    for _ in range(3):
        series.observe(value)
    assert _samples(at_once) == _samples(one_by_one)


def _samples(registry: CollectorRegistry) -> list[str]:
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if "_created" not in line]
