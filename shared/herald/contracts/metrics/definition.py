"""What is said of a metric once, for its registration, the docs, dashboards and alerts. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Prometheus's kinds."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Begins(StrEnum):
    """When its series exist: an increase from no series at all is unseen."""

    START = "the start"  # every set of labels that can come is there when the service has started
    USE = "first use"  # a set of labels is there once it came; their number has a bound


class Across(StrEnum):
    """How the figures of a service's replicas become one."""

    SUM = "sum"  # each has its own share
    MAX = "max"  # all show the same thing; the highest is the latest, or errs on the safe side
    MIN = "min"  # likewise, the lowest
    NONE = ""  # it is about one process


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric. Its name and labels are a contract with users' dashboards and alerts."""

    name: str
    kind: Kind
    unit: str  # what its value counts or measures
    meaning: str
    labels: tuple[str, ...] = ()
    begins: Begins = Begins.START
    across: Across = Across.SUM
    buckets: tuple[float, ...] = ()  # of a histogram: upper bounds, in its unit


def counter(
    name: str, unit: str, meaning: str, *labels: str, begins: Begins = Begins.START
) -> Metric:
    """Define a counter; `name` ends in `_total`."""
    return Metric(
        name=name, kind=Kind.COUNTER, unit=unit, meaning=meaning, labels=labels, begins=begins
    )


def gauge(
    name: str,
    unit: str,
    meaning: str,
    *labels: str,
    across: Across,
    begins: Begins = Begins.START,
) -> Metric:
    """Define a gauge."""
    return Metric(
        name=name,
        kind=Kind.GAUGE,
        unit=unit,
        meaning=meaning,
        labels=labels,
        begins=begins,
        across=across,
    )


def histogram(
    name: str,
    unit: str,
    meaning: str,
    *labels: str,
    buckets: tuple[float, ...],
    begins: Begins = Begins.START,
) -> Metric:
    """Define a histogram."""
    return Metric(
        name=name,
        kind=Kind.HISTOGRAM,
        unit=unit,
        meaning=meaning,
        labels=labels,
        begins=begins,
        buckets=buckets,
    )
