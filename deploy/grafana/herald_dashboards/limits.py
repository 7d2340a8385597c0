"""How fast accounts are called: what their limits let through, and what platforms throttle."""

from __future__ import annotations

from herald_dashboards.panels import Panel, Query, lines

CHANNEL = 'channel=~"$channel"'
ACCOUNT = f'{CHANNEL}, account=~"$account"'


def panels() -> tuple[Panel, ...]:
    """Return them."""
    return (*_throttled(), *_queued())


def _throttled() -> tuple[Panel, ...]:
    return (
        lines(
            "Calls that were throttled, by what is",
            "Calls per second that a provider throttled and did not process, by account and by what"
            " it throttles: the account, a sender, one recipient or an egress address.",
            Query(
                "sum by (account, scope)"
                f" (rate(herald_throttled_total{{{ACCOUNT}}}[$__rate_interval])) > 0",
                "{{account}} {{scope}}",
            ),
            unit="reqps",
        ),
        lines(
            "Share of its rate that an account has",
            "What an account's platform allows of its configured rate, as throttled calls taught;"
            " also under 1 for some seconds after an account was down.",
            Query(
                f"min by (account) (herald_account_rate_share{{{ACCOUNT}}})",
                "{{account}}",
            ),
            unit="percentunit",
            top=1,
            runbooks=("HeraldAccountThrottled",),
        ),
    )


def _queued() -> tuple[Panel, ...]:
    return (
        lines(
            "Calls that limits let through, and work that queued",
            "Calls per second that an account's limits let through, and places per second that were"
            " given in their queues. Places for long mean that its limits bound it.",
            Query(
                "sum by (account)"
                f" (rate(herald_limit_granted_total{{{ACCOUNT}}}[$__rate_interval]))",
                "{{account}}",
            ),
            Query(
                "sum by (account)"
                f" (rate(herald_limit_queued_total{{{ACCOUNT}}}[$__rate_interval])) > 0",
                "{{account}} queued",
            ),
            unit="reqps",
        ),
        lines(
            "Work that waits in workers for its turn at a limit",
            "It holds slots; what waits for longer than two seconds is with the router.",
            Query(
                f"sum by (channel, lane) (herald_limit_waiting{{{CHANNEL}}})",
                "{{channel}} {{lane}}",
            ),
            unit="short",
        ),
    )
