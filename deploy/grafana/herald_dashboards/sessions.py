"""The access tokens of accounts that have a session."""

from __future__ import annotations

from herald_dashboards.panels import Panel, Query, lines, states


def session_panels(account: str) -> tuple[Panel, ...]:
    """Return the panels; `account` selects the accounts."""
    return (
        states(
            "Sessions",
            "1 while an account's access token can be refreshed; 0 while it can't be refreshed or"
            " opened, or is revoked. `herald sessions list` says why. Accounts whose secrets are"
            " fixed have none.",
            Query(f"min by (channel, account) (herald_session_up{{{account}}})", "{{account}}"),
            good="refreshed",
            bad="not refreshed",
            runbooks=("HeraldSessionNotRefreshed",),
        ),
        lines(
            "How long access tokens last",
            "Until the end of each account's access token. The next one is asked for five minutes"
            " ahead, so a line that goes on falling shows that none comes.",
            Query(f"min by (account) (herald_session_left_seconds{{{account}}})", "{{account}}"),
            unit="s",
        ),
    )
