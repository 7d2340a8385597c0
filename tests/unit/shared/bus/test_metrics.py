"""What the bus kit counts from the start."""

from __future__ import annotations

import time
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from herald.bus.batches import BatchLoop
from herald.bus.deliveries import Delivery
from herald.bus.metrics import queue_metrics


async def _handle(_deliveries: Sequence[Delivery]) -> None:
    raise NotImplementedError


async def _handled(_deliveries: Sequence[Delivery]) -> None:
    return


def test_series_exist_before_their_first_use() -> None:
    """A rate needs a zero to begin at: without it the first rejected delivery is unseen."""
    registry = CollectorRegistry()
    BatchLoop("router.control", _handle, max_batch=1, registry=registry)
    labels = {"queue": "router.control"}
    for result in ("acked", "rejected", "lost"):
        name = "herald_deliveries_total"
        assert registry.get_sample_value(name, {**labels, "result": result}) == 0
    assert registry.get_sample_value("herald_redeliveries_total", labels) == 0
    assert registry.get_sample_value("herald_batch_failures_total", labels) == 0


def test_how_long_deliveries_waited_is_observed() -> None:
    """Of those that say when they were published; a publisher's clock may be ahead of ours."""
    registry = CollectorRegistry()
    now = time.time()
    ages = (0, 40, -5)
    deliveries = [Delivery(body=b"", published_at=int(now - age)) for age in ages]
    queue_metrics("router.control", registry).observe_delays([*deliveries, Delivery(body=b"")], now)

    def until(bound: str) -> float | None:
        labels = {"queue": "router.control", "le": bound}
        return registry.get_sample_value("herald_queue_delay_seconds_bucket", labels)

    assert [until("1.0"), until("30.0"), until("60.0"), until("+Inf")] == [2, 2, 3, 3]


async def test_a_batch_is_observed_as_it_is_handed_over() -> None:
    """The delay is that of the hand-over."""
    registry = CollectorRegistry()
    loop = BatchLoop("router.control", _handled, max_batch=10, registry=registry)
    loop.receive(Delivery(body=b"", published_at=int(time.time())))
    loop.close()
    await loop.run()
    name, labels = "herald_queue_delay_seconds_count", {"queue": "router.control"}
    assert registry.get_sample_value(name, labels) == 1
