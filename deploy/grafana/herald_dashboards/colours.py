"""Colours that mean the same on every dashboard."""

from __future__ import annotations

GOOD, LATE, BAD, DOUBTFUL, STOPPED = "green", "yellow", "red", "purple", "super-light-blue"

# By the name of a series: what is not here gets its colour from Grafana.
FIXED: dict[str, str] = {
    "succeeded": GOOD,
    "accepted": GOOD,
    "confirmed": GOOD,
    "acked": GOOD,
    "failed": BAD,
    "rejected": BAD,
    "expired": LATE,
    "cancelled": STOPPED,
    "unknown": DOUBTFUL,
    "unavailable": BAD,
    "lost": LATE,
}

# The legends whose series have those names.
COLOURED_LEGENDS = {"{{answer}}", "{{outcome}}"}
