"""Grafana's dashboards, as far as their JSON alone tells: names, places, links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import panel_queries
from herald.contracts.metrics import METRICS

ROOT = Path(__file__).resolve().parents[3]
RUNBOOKS = ROOT / "docs" / "runbooks"
RULES = ROOT / "deploy" / "prometheus" / "rules"
DASHBOARDS = panel_queries.load()
OLDEST_SCHEMA = 39  # that of Grafana 11.0
# What Prometheus and histograms add to a metric's own labels.
ADDED_LABELS = {"job", "instance", "namespace", "le"}

_NAME = re.compile(r"\b(herald_\w+)(?:\{([^}]*)\})?")
_RECORDED = re.compile(r"\bherald:[\w:]+")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")

every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one["uid"])


def _expressions(dashboard: dict[str, Any]) -> list[str]:
    own = [query.expression for query in panel_queries.queries(dashboard)]
    others = {**panel_queries.choices(dashboard), **panel_queries.marks(dashboard)}
    return [*own, *others.values()]


def _known_as(name: str) -> str:
    return name if name in METRICS else re.sub(r"_(bucket|sum|count)$", "", name)


@every_dashboard
def test_dashboard_is_the_same_everywhere(dashboard: dict[str, Any]) -> None:
    """Its uid is that of its file, it has no id of a server, and no uid of a data source."""
    assert (panel_queries.DASHBOARDS / f"{dashboard['uid']}.json").exists()
    assert dashboard.get("id") is None
    assert dashboard["schemaVersion"] == OLDEST_SCHEMA
    sources = {str(one["datasource"]["uid"]) for one in _with_source(dashboard)}
    assert sources == {"${datasource}"}


def _with_source(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, list):
        return [found for one in part for found in _with_source(one)]
    if not isinstance(part, dict):
        return []
    own = [part] if part.get("datasource") else []
    return own + [found for one in part.values() for found in _with_source(one)]


@every_dashboard
def test_panels_say_what_they_show(dashboard: dict[str, Any]) -> None:
    """Every panel has a title of its own, a description that is a sentence, and a unit."""
    found = list(panel_queries.panels(dashboard))
    titles = [panel["title"] for panel in found]
    assert len(set(titles)) == len(titles)
    for panel in found:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@every_dashboard
def test_panels_fill_their_rows(dashboard: dict[str, Any]) -> None:
    """Panels lie side by side without a hole at the end of a line, and none over another."""
    widths: dict[int, int] = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        widths[place["y"]] = widths.get(place["y"], 0) + place["w"]
    assert set(widths.values()) == {24}


@every_dashboard
def test_queries_name_metrics_and_labels_that_exist(dashboard: dict[str, Any]) -> None:
    """A metric of Herald's is one of the list, and is asked by labels that it has."""
    for expression in _expressions(dashboard):
        for name, matchers in _NAME.findall(expression):
            metric = METRICS.get(_known_as(name))
            assert metric is not None, f"{name}: {expression}"
            unknown = set(_MATCHER.findall(matchers)) - set(metric.labels) - ADDED_LABELS
            assert not unknown, f"{name} has no {unknown}: {expression}"


@every_dashboard
def test_links_lead_to_pages_that_exist(dashboard: dict[str, Any]) -> None:
    """A panel's runbook is a page of docs/runbooks."""
    for panel in panel_queries.panels(dashboard):
        for link in panel.get("links", []):
            page = link["url"].removeprefix("${runbooks}/")
            assert (RUNBOOKS / page).exists(), f"{panel['title']}: {page}"


def test_recorded_series_are_recorded() -> None:
    """What panels read from recording rules is recorded by one."""
    files = [yaml.safe_load(path.read_text()) for path in RULES.glob("*.yml")]
    rules = [rule for file in files for group in file["groups"] for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    asked = {
        name for one in DASHBOARDS for text in _expressions(one) for name in _RECORDED.findall(text)
    }
    assert asked
    assert asked <= recorded
