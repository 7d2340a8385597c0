"""The queries of Grafana's dashboards, read from their JSON. Pure but for the reading."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DASHBOARDS = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "dashboards"
NO_QUERIES = {"row", "text"}  # kinds of panels that ask nothing

_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_LABEL_VALUES = re.compile(r"label_values\((?P<series>.*), *(?P<label>\w+)\)")


class DashboardError(AssertionError):
    """A dashboard can't be asked: the message names it, the panel and the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelQuery:
    """One query of one panel."""

    dashboard: str  # its uid
    panel: int
    title: str
    kind: str  # of panel: `timeseries`, `stat`, ...
    name: str  # within the panel: `A`, `B`, ...
    expression: str
    legend: str
    instant: bool

    @property
    def place(self) -> str:
        """Say where it is."""
        return f"{self.dashboard} / {self.title} / {self.name}"


def load(folder: Path = DASHBOARDS) -> list[dict[str, Any]]:
    """Read every dashboard of a folder."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def panels(dashboard: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give the panels that ask something."""
    for panel in dashboard["panels"]:
        if panel["type"] not in NO_QUERIES:
            yield panel


def queries(dashboard: Mapping[str, Any]) -> Iterator[PanelQuery]:
    """Give every query of every panel.

    Raises:
        DashboardError: a panel has no query, or one lacks what Grafana needs.
    """
    for panel in panels(dashboard):
        place = f"{dashboard['uid']} / {panel.get('title')}"
        if not panel.get("targets"):
            raise DashboardError(f"{place}: no query")
        for target in panel["targets"]:
            for field in ("expr", "refId", "legendFormat"):
                if not target.get(field):
                    raise DashboardError(f"{place}: a target has no {field}")
            yield PanelQuery(
                dashboard=dashboard["uid"],
                panel=panel["id"],
                title=panel["title"],
                kind=panel["type"],
                name=target["refId"],
                expression=target["expr"],
                legend=target["legendFormat"],
                instant=bool(target.get("instant")),
            )


def choices(dashboard: Mapping[str, Any]) -> dict[str, str]:
    """Return the query of each variable that asks Prometheus: a count for each of its values."""
    found: dict[str, str] = {}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        parts = _LABEL_VALUES.fullmatch(variable["query"])
        if parts is None:
            raise DashboardError(f"{dashboard['uid']}: {variable['name']}: {variable['query']}")
        found[variable["name"]] = f"count by ({parts['label']}) ({parts['series']})"
    return found


def marks(dashboard: Mapping[str, Any]) -> dict[str, str]:
    """Return the query of each kind of annotation."""
    return {mark["name"]: mark["expr"] for mark in dashboard["annotations"]["list"]}


def filled(expression: str, values: Mapping[str, str]) -> str:
    """Put values in the place of a query's variables; one without a value is everything."""
    return _VARIABLE.sub(lambda found: values.get(found[1], "(.*)"), expression)
