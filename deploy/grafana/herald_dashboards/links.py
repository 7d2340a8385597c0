"""Where panels and dashboards lead."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

TAG = "herald"  # of every dashboard


def runbook(alert: str) -> DashboardLink:
    """Lead to an alert's page of docs/runbooks; the variable `runbooks` holds where those are."""
    link = DashboardLink(f"Runbook: {alert}").type(DashboardLinkType.LINK)
    return link.url(f"${{runbooks}}/{alert}.md").target_blank(True)


def siblings() -> DashboardLink:
    """Lead to the other dashboards, with the time range and the variables at hand."""
    link = DashboardLink("Herald").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(True).include_vars(True).keep_time(True)
