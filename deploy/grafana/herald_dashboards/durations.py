"""How long calls and deliveries take."""

from __future__ import annotations

from herald_dashboards.panels import Panel, Query, heat, lines
from herald_dashboards.quantiles import quantiles


def panels(channel: str, account: str) -> tuple[Panel, ...]:
    """Return the panels; `channel` and `account` choose among the series."""
    return (
        lines(
            "Duration of a call, by account",
            "How long calls took that had an answer.",
            *quantiles("herald_send_seconds", account, by="account", shares=(0.5, 0.99)),
            unit="s",
            runbooks=("HeraldProviderSlow",),
        ),
        heat(
            "Duration of calls",
            "Calls per second that took as long as each bucket says.",
            Query(
                f"sum by (le) (rate(herald_send_seconds_bucket{{{account}}}[$__rate_interval]))",
                "{{le}}",
            ),
            unit="s",
        ),
        lines(
            "From acceptance to delivery, by account",
            "From a provider's acceptance to its report that the recipient has it.",
            *quantiles("herald_delivery_seconds", account, by="account", shares=(0.5, 0.95)),
            unit="s",
            runbooks=("HeraldDeliveryBudgetBurn",),
        ),
        lines(
            "Silence allowed where it is learned",
            'What `fallback_after = "auto"` comes to, where enough deliveries are known.',
            Query(
                "max by (channel, provider, country)"
                f" (herald_learned_fallback_seconds{{{channel}}})",
                "{{channel}} {{provider}} {{country}}",
            ),
            unit="s",
            width=24,
        ),
    )
