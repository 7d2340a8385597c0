"""What a Prometheus answers to the dashboards' queries, and what is wrong with the answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy import panel_queries
from deploy.panel_queries import PanelQuery
from deploy.prometheus_server import Prometheus, QueryError

# The choice of namespaces is empty outside Kubernetes.
MAY_BE_EMPTY = {"namespace"}
RATE_SECONDS = 15  # what Grafana would put for $__rate_interval, with scrapes a second apart
STEP_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is looked at: Unix times."""

    start: float
    end: float

    @property
    def values(self) -> Mapping[str, str]:
        """What Grafana would put for its own variables."""
        return {
            "__rate_interval": f"{RATE_SECONDS}s",
            "__interval": f"{STEP_SECONDS}s",
            "__range": f"{round(self.end - self.start)}s",
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """The series that a query found."""

    query: PanelQuery
    series: list[dict[str, Any]]  # as Prometheus has them, with `metric` and `values`
    problem: str | None  # why it is no answer


def ask(prometheus: Prometheus, queries: Iterable[PanelQuery], span: Span) -> list[Answer]:
    """Ask every query; what can't be asked or has no number is a problem of its answer."""
    return [_answer(prometheus, query, span) for query in queries]


def other_problems(
    prometheus: Prometheus, dashboard: Mapping[str, Any], span: Span
) -> Iterator[str]:
    """Say which choices and marks of a dashboard have no answer."""
    asked = panel_queries.choices(dashboard) | panel_queries.marks(dashboard)
    for name, expression in asked.items():
        try:
            found = _range(prometheus, expression, span)
        except QueryError as error:
            yield f"{dashboard['uid']} / {name}: {error}"
            continue
        if not _has_number(found) and name not in MAY_BE_EMPTY:
            yield f"{dashboard['uid']} / {name}: empty"


def _answer(prometheus: Prometheus, query: PanelQuery, span: Span) -> Answer:
    try:
        if query.instant:
            text = panel_queries.filled(query.expression, span.values)
            found = prometheus.query(text)  # at the end of the span
            series = [{"metric": s["metric"], "values": [s["value"]]} for s in found]
        else:
            series = _range(prometheus, query.expression, span)
    except QueryError as error:
        return Answer(query, [], f"{query.place}: {error}")
    empty = None if _has_number(series) else f"{query.place}: no data: {query.expression}"
    return Answer(query, series, empty)


def _range(prometheus: Prometheus, expression: str, span: Span) -> list[dict[str, Any]]:
    text = panel_queries.filled(expression, span.values)
    return prometheus.query_range(text, start=span.start, end=span.end, step_seconds=STEP_SECONDS)


def _has_number(series: Iterable[Mapping[str, Any]]) -> bool:
    numbers = (float(number) for one in series for _, number in one["values"])
    return any(math.isfinite(number) for number in numbers)
