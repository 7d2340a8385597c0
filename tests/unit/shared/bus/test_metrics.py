"""What the bus kit counts from the start."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from herald.bus.batches import BatchLoop
from herald.bus.deliveries import Delivery


async def _handle(_deliveries: Sequence[Delivery]) -> None:
    raise NotImplementedError


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
