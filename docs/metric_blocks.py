"""The tables of metrics and of their labels."""

from __future__ import annotations

from herald.contracts.metrics import LABELS, PARTS, Metric
from tables import table

_HEAD = ("metric", "kind, unit", "labels", "meaning", "there from", "of all replicas")


def metrics(part: str) -> str:
    """Return the metrics of one part as a table."""
    return table(_HEAD, [_row(metric) for metric in sorted(PARTS[part], key=lambda it: it.name)])


def _row(metric: Metric) -> list[str]:
    names = ", ".join(f"`{label}`" for label in metric.labels)
    kind = f"{metric.kind}, {metric.unit}"
    return [f"`{metric.name}`", kind, names, metric.meaning, metric.begins, metric.across]


def labels() -> str:
    """Return where the values of each label come from."""
    return table(("label", "values"), [[f"`{name}`", values] for name, values in LABELS.items()])
