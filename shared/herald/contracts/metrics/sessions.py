"""What a channel's worker counts of its accounts' sessions at their providers. Pure."""

from __future__ import annotations

from herald.contracts.metrics.definition import Across, counter, gauge

REFRESHES = counter(
    "herald_session_refreshes_total",
    "requests",
    "Requests for an access token, by result: refreshed, refused (until a person acts), failed",
    "channel",
    "account",
    "result",
)
UP = gauge(
    "herald_session_up",
    "0 or 1",
    "1 while a session is as it should be; 0: no token, revoked, unreadable, or not refreshed",
    "channel",
    "account",
    across=Across.MIN,
)
AGE = gauge(
    "herald_session_age_seconds",
    "seconds",
    "Since a session's access token was obtained",
    "channel",
    "account",
    across=Across.MAX,
)
LEFT = gauge(
    "herald_session_left_seconds",
    "seconds",
    "Until a session's access token ends; 0 where there is none",
    "channel",
    "account",
    across=Across.MIN,
)
