"""What workers count of sessions."""

from __future__ import annotations

from herald.contracts.metrics import sessions as definitions
from herald.service.instruments import begin_series, counter, gauge

REFRESHED, REFUSED, FAILED = "refreshed", "refused", "failed"

REFRESHES = counter(definitions.REFRESHES)
UP = gauge(definitions.UP)
AGE = gauge(definitions.AGE)
LEFT = gauge(definitions.LEFT)


def initialise(channel: str, accounts: list[str]) -> None:
    """Make every series of a channel's sessions."""
    for account in accounts:
        results = (REFRESHED, REFUSED, FAILED)
        begin_series(REFRESHES, ((channel, account, result) for result in results))
        begin_series(UP, [(channel, account)])
        begin_series(AGE, [(channel, account)])
        begin_series(LEFT, [(channel, account)])
