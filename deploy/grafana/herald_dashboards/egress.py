"""The panels of the ways that channels' calls leave by."""

from __future__ import annotations

from herald_dashboards.panels import Panel, Query, lines, states

CHANNEL = 'channel=~"$channel"'


def panels() -> tuple[Panel, ...]:
    """Return the panels; they are empty where no egress is configured."""
    return (
        states(
            "Members that take calls",
            "1 while calls to a provider go by an egress member; 0 while it is in quarantine or"
            " drained. `herald egress list` says which, and why.",
            Query(
                f"min by (egress, provider) (herald_egress_up{{{CHANNEL}}})",
                "{{egress}} {{provider}}",
            ),
            good="takes calls",
            bad="quarantine or drained",
            runbooks=("HeraldEgressDown", "HeraldNoEgress"),
        ),
        lines(
            "Calls by member",
            "Calls of providers per second, by the egress member they leave by.",
            Query(
                "sum by (egress, provider)"
                f" (rate(herald_egress_sends_total{{{CHANNEL}}}[$__rate_interval]))",
                "{{egress}} {{provider}}",
            ),
            unit="reqps",
            stacked=True,
        ),
        lines(
            "Connections that failed, by member",
            "Connections per second that calls and checks did not get, by why.",
            Query(
                "sum by (egress, reason)"
                f" (rate(herald_egress_failures_total{{{CHANNEL}}}[$__rate_interval])) > 0",
                "{{egress}} {{reason}}",
            ),
            unit="cps",
            runbooks=("HeraldEgressDown",),
        ),
        lines(
            "Senders that moved",
            "Senders per second whose calls go on by another member: a share of the budget used,"
            " a throttled address, the time, or a member's health.",
            Query(
                f"sum by (reason) (rate(herald_egress_moves_total{{{CHANNEL}}}[$__rate_interval]))",
                "{{reason}}",
            ),
            unit="cps",
        ),
    )
