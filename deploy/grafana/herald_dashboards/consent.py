"""Who gets no more messages, and which steps are left out for it and for other reasons."""

from __future__ import annotations

from herald_dashboards.panels import Panel, Query, lines

RATE = "[$__rate_interval]"


def consent_panels() -> tuple[Panel, ...]:
    """Return the panels of the group."""
    suppressed = 'change="suppressed", channel=~"all|$channel"'
    return (
        lines(
            "Recipients suppressed",
            "Suppressions recorded per second, by why: docs/consent.md says what each stops. Many"
            " complaints, or hard bounces, are a bad list of recipients.",
            Query(
                f"sum by (reason) (rate(herald_suppressions_total{{{suppressed}}}{RATE}))",
                "{{reason}}",
            ),
            unit="mps",
            stacked=True,
        ),
        lines(
            "Steps left out",
            "Steps left out without an attempt per second, by why: the recipient opted out, quiet"
            " hours that last beyond the message's end, and others.",
            Query(
                f'sum by (reason) (rate(herald_skipped_steps_total{{channel=~"$channel"}}{RATE}))',
                "{{reason}}",
            ),
            unit="mps",
            stacked=True,
        ),
    )
