"""Every metric of Herald's, in one list. Pure: `herald.service.instruments` registers them.

Each module holds the metrics of one part. Names and labels are a contract with users: a change of
one belongs in the changelog.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from herald.contracts.metrics import (
    bus,
    channel,
    connections,
    egress,
    ingress,
    router,
    service,
    sessions,
)
from herald.contracts.metrics.definition import Across, Begins, Kind, Metric
from herald.contracts.metrics.labels import LABELS

__all__ = ["LABELS", "METRICS", "PARTS", "Across", "Begins", "Kind", "Metric"]


def _metrics_of(module: ModuleType) -> tuple[Metric, ...]:
    return tuple(value for value in vars(module).values() if isinstance(value, Metric))


# by the part that has them, in the order in which they are defined
PARTS: Mapping[str, tuple[Metric, ...]] = {
    "service": _metrics_of(service),
    "bus": _metrics_of(bus),
    "router": _metrics_of(router),
    "channel": (*_metrics_of(channel), *_metrics_of(connections), *_metrics_of(sessions)),
    "egress": _metrics_of(egress),
    "ingress": _metrics_of(ingress),
}
METRICS: Mapping[str, Metric] = {
    metric.name: metric for metrics in PARTS.values() for metric in metrics
}
