"""What every dashboard has: identity, variables, links, and marks where a version was deployed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, Row
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from herald_dashboards import variables
from herald_dashboards.links import TAG, siblings
from herald_dashboards.panels import Panel
from herald_dashboards.scoping import scoped
from herald_dashboards.variables import DATASOURCE, Variable

# That of Grafana 11.0: newer ones bring a dashboard up to date when they load it.
SCHEMA_VERSION = 39

# What an annotation of Prometheus has beside what the SDK's model of one knows.
MARK_EXTRAS = ("step", "titleFormat")
MARK_STEP = "60s"  # how often Grafana asks for marks: those below hold for that long
# A service's version that did not run a minute ago.
_DEPLOYED = (
    "count by (service, version) (herald_build_info)"
    " unless count by (service, version) (herald_build_info offset 1m)"
)
_STARTED = 'count by (job) (time() - process_start_time_seconds{job=~"herald-.*"} < 60)'


@dataclass(frozen=True, slots=True)
class Mark:
    """Moments marked on every panel over time."""

    name: str
    expression: str
    title: str  # of each, from its labels
    colour: str
    shown: bool  # until switched on or off at the top of the dashboard


MARKS = (
    Mark("Deployments", _DEPLOYED, "{{service}} {{version}}", "blue", shown=True),
    Mark("Starts of a service", _STARTED, "{{job}}", "yellow", shown=False),
)


@dataclass(frozen=True, slots=True)
class Group:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One dashboard. `uid` stays for good: links and bookmarks hold it."""

    uid: str
    title: str
    says: str
    choices: tuple[Variable, ...]
    groups: tuple[Group, ...]
    since: str = "now-1h"


def text(page: Page, *, runbooks: str) -> str:
    """Return a dashboard as Grafana reads it; `runbooks`: the address of the pages it links to."""
    made: dict[str, Any] = json.loads(json.dumps(_build(page, runbooks), cls=JSONEncoder))
    for annotation, mark in zip(made["annotations"]["list"], MARKS, strict=True):
        annotation |= {"step": MARK_STEP, "titleFormat": mark.title}
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _build(page: Page, runbooks: str) -> dashboard.Dashboard:
    built = Dashboard(f"Herald / {page.title}").uid(page.uid).description(page.says)
    built = built.tags([TAG]).timezone("browser").editable().refresh("30s")
    built = built.time(page.since, "now").tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
    choices = [variables.namespace(), *page.choices]
    built = built.variables([variables.datasource(), *choices, variables.runbooks(runbooks)])
    built = built.annotations([_annotation(mark) for mark in MARKS]).links([siblings()])
    for group in page.groups:
        built = built.with_row(Row(group.title))
        for panel in group.panels:
            built = built.with_panel(panel)
    made = built.build()
    made.schema_version = SCHEMA_VERSION
    for number, placed in enumerate(made.panels or [], 1):
        placed.id_val = number
    return made


def _annotation(mark: Mark) -> AnnotationQuery:
    query = AnnotationQuery().name(mark.name).datasource(DATASOURCE).expr(scoped(mark.expression))
    return query.icon_color(mark.colour).enable(mark.shown)
