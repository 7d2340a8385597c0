"""Prometheus's objects, as Herald uses them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from herald.contracts.metrics.bus import QUEUE_DELAY_SECONDS
from herald.contracts.metrics.router import COMMANDS
from herald.service.instruments import Tally, counter, histogram, observe_many


@pytest.mark.parametrize("value", [0.0, 1.0, 1.1, 59.0, 1e9])
def test_many_observations_at_once_are_as_many_one_by_one(value: float) -> None:
    """The library's own way shows the same afterwards."""
    at_once, one_by_one = CollectorRegistry(), CollectorRegistry()
    observe_many(histogram(QUEUE_DELAY_SECONDS, at_once).labels("q"), value, 3)
    series = histogram(QUEUE_DELAY_SECONDS, one_by_one).labels("q")
    for _ in range(3):
        series.observe(value)
    assert _samples(at_once) == _samples(one_by_one)


@given(st.lists(st.integers(0, 1_000_000)))
def test_a_tally_adds_what_is_counted_one_by_one(values: list[int]) -> None:
    """Of several series, each its own."""
    tallied, one_by_one = CollectorRegistry(), CollectorRegistry()
    tally = Tally()
    for registry in (tallied, one_by_one):
        commands, delays = counter(COMMANDS, registry), histogram(QUEUE_DELAY_SECONDS, registry)
        for place, value in enumerate(values):
            answer = "accepted" if place % 2 else "rejected"
            answered, delay = commands.labels("send", "normal", answer), delays.labels(answer)
            if registry is tallied:
                tally.count(answered)
                tally.observe(delay, value)
            else:
                answered.inc()
                delay.observe(value)
    tally.add()
    assert _samples(tallied) == _samples(one_by_one)


def _samples(registry: CollectorRegistry) -> list[str]:
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if "_created" not in line]
