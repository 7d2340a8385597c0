"""Alerts, dashboards, runbooks and pages name metrics that there are."""

from __future__ import annotations

import re
from pathlib import Path

from herald.contracts.metrics import METRICS, Kind

ROOT = Path(__file__).parents[3]
FOLDERS = ("deploy/prometheus", "deploy/grafana", "docs")
KINDS = {".yml", ".yaml", ".json", ".md", ".py"}
PARTS = ("_bucket", "_sum", "_count")  # of a histogram
_QUOTED_OR_QUERIED = re.compile(r"(?<![\w.:/-])herald_[a-z_]+(?=[`{\[ ),]|\\\")")
# roles, packages and tables that are called alike
OTHERS = re.compile(
    r"herald_(owner|router|channel|reader|operator|local|migrations|attempt|dashboards)$"
    r"|herald_read_"
)


def _named() -> set[str]:
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    texts = [path.read_text() for path in files if path.suffix in KINDS and path.is_file()]
    found = {name for text in texts for name in _QUOTED_OR_QUERIED.findall(text)}
    return {name for name in found if not OTHERS.match(name)}


def _known() -> set[str]:
    parts = {
        name + part
        for name, metric in METRICS.items()
        if metric.kind is Kind.HISTOGRAM
        for part in PARTS
    }
    return METRICS.keys() | parts


def test_every_metric_that_is_named_is_defined() -> None:
    """A renamed metric is found before an operator's alert stays silent."""
    named = _named()
    assert "herald_outcomes_total" in named
    assert named - _known() == set()
