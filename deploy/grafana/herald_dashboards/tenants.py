"""How each tenant fares: what it asked for, and what became of it."""

from __future__ import annotations

from herald_dashboards import variables
from herald_dashboards.levels import bad_from, good_from
from herald_dashboards.page import Group, Page
from herald_dashboards.panels import Panel, Query, bars, figure, lines

TENANT = 'tenant=~"$tenant"'
RATE = "[$__rate_interval]"
RANGE = "[$__range]"
# more matchers of labels
ALL = ""
NOT_CANCELLED, SUCCEEDED = ', outcome!="cancelled"', ', outcome="succeeded"'
LOST, REJECTED = ', outcome=~"failed|expired"', ', answer="rejected"'


def page() -> Page:
    """Return the dashboard."""
    return Page(
        uid="herald-tenants",
        title="Tenants",
        says="How each tenant fares. Herald counts by tenant what was asked and what came of it.",
        choices=(variables.tenant(),),
        groups=(
            Group("In the chosen time", _figures()),
            Group("Side by side", _compared()),
            Group("Over time", _over_time()),
        ),
    )


def _outcomes(more: str, window: str) -> str:
    return f"herald_tenant_outcomes_total{{{TENANT}{more}}}{window}"


def _commands(more: str, window: str) -> str:
    return f"herald_tenant_commands_total{{{TENANT}{more}}}{window}"


def _figures() -> tuple[Panel, ...]:
    ended = f"sum(increase({_outcomes(NOT_CANCELLED, RANGE)}))"
    succeeded = f"sum(increase({_outcomes(SUCCEEDED, RANGE)}))"
    asked = f"sum(increase({_commands(ALL, RANGE)}))"
    return (
        figure(
            "Commands",
            "Commands of the chosen tenants that were answered.",
            Query(asked, "commands"),
            unit="short",
            whole_range=True,
            decimals=0,
            width=6,
        ),
        figure(
            "Rejected",
            "Share of these commands that were rejected: their producers got the field at fault.",
            Query(f"sum(increase({_commands(REJECTED, RANGE)})) / {asked}", "rejected"),
            unit="percentunit",
            levels=bad_from(0.1, orange=0.01),
            whole_range=True,
            decimals=1,
            width=6,
            runbooks=("HeraldCommandsRejected",),
        ),
        figure(
            "Messages ended",
            "Messages of the chosen tenants that got their outcome; cancelled ones are left out.",
            Query(ended, "messages"),
            unit="short",
            whole_range=True,
            decimals=0,
            width=6,
        ),
        figure(
            "Success",
            "Share of these messages that succeeded.",
            Query(f"{succeeded} / {ended}", "success"),
            unit="percentunit",
            levels=good_from(0.98, orange=0.9),
            whole_range=True,
            decimals=1,
            width=6,
            runbooks=("HeraldDeliveryBudgetBurn",),
        ),
    )


def _compared() -> tuple[Panel, ...]:
    ended = f"sum by (tenant) (increase({_outcomes(NOT_CANCELLED, RANGE)}))"
    failed = f"sum by (tenant) (increase({_outcomes(LOST, RANGE)}))"
    return (
        bars(
            "Messages ended, by tenant",
            "The ten tenants with most messages that ended in the chosen time.",
            Query(f"topk(10, {ended})", "{{tenant}}"),
            unit="short",
        ),
        bars(
            "Messages failed or expired, by tenant",
            "The ten tenants with most messages that ended without success in the chosen time.",
            Query(f"topk(10, {failed})", "{{tenant}}"),
            unit="short",
        ),
    )


def _over_time() -> tuple[Panel, ...]:
    return (
        lines(
            "Used of its quotas",
            "How much of a tenant's quota is used in its present period: at 100 % its steps wait"
            " or are skipped.",
            Query(
                f"max by (tenant, quota) (herald_quota_used_ratio{{{TENANT}}})",
                "{{tenant}} {{quota}}",
            ),
            unit="percentunit",
            top=1,
            levels=bad_from(1, orange=0.8),
            width=24,
        ),
        lines(
            "Commands by tenant",
            "Commands answered per second. `unknown`: the tenant could not be read, or is not"
            " configured.",
            Query(f"sum by (tenant) (rate({_commands(ALL, RATE)}))", "{{tenant}}"),
            unit="mps",
            stacked=True,
        ),
        lines(
            "Commands by answer",
            "Commands of the chosen tenants per second, by the answer they got.",
            Query(f"sum by (answer) (rate({_commands(ALL, RATE)}))", "{{answer}}"),
            unit="mps",
            stacked=True,
        ),
        lines(
            "Outcomes by tenant",
            "Messages that ended, per second.",
            Query(f"sum by (tenant) (rate({_outcomes(ALL, RATE)}))", "{{tenant}}"),
            unit="mps",
            stacked=True,
        ),
        lines(
            "Outcomes",
            "Messages of the chosen tenants that ended, per second, by outcome.",
            Query(f"sum by (outcome) (rate({_outcomes(ALL, RATE)}))", "{{outcome}}"),
            unit="mps",
            stacked=True,
        ),
    )
