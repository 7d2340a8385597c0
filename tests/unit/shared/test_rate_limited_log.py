"""Warnings that any client can cause at will."""

from __future__ import annotations

from structlog.testing import capture_logs

from herald.service.rate_limited_log import RateLimitedLog


def test_the_log_can_not_be_flooded() -> None:
    """A warning comes once a minute for each trouble, and says how often it was left out."""
    now = 0.0
    log = RateLimitedLog(clock=lambda: now)
    with capture_logs() as lines:
        for about in ("a", "a", "b", "a"):
            log.warning("ingress.not_authentic", about=about)
        now = 61.0
        log.warning("ingress.not_authentic", about="a")
    assert [(line["about"], line["left_out"]) for line in lines] == [("a", 0), ("b", 0), ("a", 2)]
