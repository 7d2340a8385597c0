"""How well the promises of service are kept: error ratios, budgets, how fast they burn.

Built on the recording rules of deploy/prometheus.
"""

from __future__ import annotations

from herald_dashboards import variables
from herald_dashboards.levels import Levels, bad_from, good_from
from herald_dashboards.page import Group, Page
from herald_dashboards.panels import Panel, Query, figure, lines

# Each objective: its name in the rules, its title, what it counts, the alert of its budget.
OBJECTIVES = (
    (
        "first_acceptance",
        "First acceptance in time",
        "commands accepted by a first provider within 5 s (urgent), 30 s (normal), 5 min (bulk)",
        "HeraldFirstAcceptanceBudgetBurn",
    ),
    (
        "outcome",
        "Outcome in time",
        "messages that got their outcome within five minutes",
        "HeraldOutcomeBudgetBurn",
    ),
    (
        "webhooks",
        "Webhooks taken",
        "authentic webhooks not answered with 503, which is Herald's own trouble",
        "HeraldWebhookBudgetBurn",
    ),
    (
        "delivery",
        "Delivered",
        "messages that succeeded, of those ended by a channel",
        "HeraldDeliveryBudgetBurn",
    ),
)
# The burn rates at which the alerts of deploy/prometheus fire.
PAGE_BURN, TICKET_BURN = 14.4, 3
BURNING = bad_from(PAGE_BURN, orange=TICKET_BURN)
LEFT: Levels = good_from(0.25, orange=0)


def page() -> Page:
    """Return the dashboard."""
    return Page(
        uid="herald-slos",
        title="SLOs",
        says="How well the objectives of deploy/prometheus are kept, and how fast their budgets of"
        " errors are spent.",
        choices=(variables.channel(),),
        groups=(
            Group("Budget left over 30 days", tuple(_left(*each) for each in OBJECTIVES)),
            Group("How fast the budgets burn", _burning()),
            Group("Objectives one by one", tuple(_errors(*each) for each in OBJECTIVES)),
            Group("Events counted", _events()),
        ),
        since="now-24h",
    )


def _left(slo: str, title: str, counted: str, alert: str) -> Panel:
    return figure(
        f"{title}: budget",
        f"Budget of errors left over 30 days, the worst series: {counted}. 100 % is untouched,"
        " below 0 it is spent.",
        Query(f'min(herald:slo_budget_left:ratio{{slo="{slo}"}})', "left"),
        unit="percentunit",
        levels=LEFT,
        width=6,
        decimals=1,
        runbooks=(alert,),
    )


def _burn(window: str) -> Query:
    return Query(
        f"max by (slo) (herald:slo_error:ratio_rate{window}"
        " / on (slo) group_left () (1 - max by (slo) (herald:slo_objective:ratio)))",
        "{{slo}}",
    )


def _burning() -> tuple[Panel, ...]:
    return tuple(
        lines(
            f"Burn rate over {window}",
            f"Errors over {window} against those the objective allows: at 1 the budget lasts just"
            f" 30 days, at {PAGE_BURN} two. Alerts look at a short window and a long one together.",
            _burn(window),
            unit="none",
            levels=BURNING,
            width=8,
        )
        for window in ("5m", "1h", "6h")
    )


def _errors(slo: str, title: str, counted: str, alert: str) -> Panel:
    name = {"first_acceptance": "{{lane}}", "delivery": "{{channel}}"}.get(slo, slo)
    chosen = f'slo="{slo}"' + (', channel=~"$channel"' if slo == "delivery" else "")
    return lines(
        f"{title}: errors",
        f"Share over an hour of what did not keep the objective: {counted}. The other line is what"
        " the objective allows.",
        Query(f"herald:slo_error:ratio_rate1h{{{chosen}}}", f"{name} errors"),
        Query(f'1 - max(herald:slo_objective:ratio{{slo="{slo}"}})', "allowed"),
        unit="percentunit",
        width=12,
        runbooks=(alert,),
    )


def _events() -> tuple[Panel, ...]:
    return (
        lines(
            "Events that count",
            "What each objective counts, per second: with few events, one error is a large share.",
            Query("sum by (slo) (herald:slo_all:rate5m)", "{{slo}}"),
            unit="eps",
        ),
        lines(
            "Bad events",
            "What did not keep the objective, per second.",
            Query("sum by (slo) (herald:slo_bad:rate5m)", "{{slo}}"),
            unit="eps",
        ),
    )
