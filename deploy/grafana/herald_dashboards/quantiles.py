"""Queries of how long things took, from histograms."""

from __future__ import annotations

from collections.abc import Sequence

from herald_dashboards.panels import Query

SHARES = (0.5, 0.95, 0.99)


def quantiles(
    histogram: str, chosen: str, *, by: str, shares: Sequence[float] = SHARES
) -> list[Query]:
    """Ask within which time the given shares of the observations lay, by a label.

    `histogram`: the metric's name without `_bucket`; `chosen`: matchers of labels.
    """
    rate = f"rate({histogram}_bucket{{{chosen}}}[$__rate_interval])"
    return [
        Query(
            f"histogram_quantile({share:g}, sum by (le, {by}) ({rate}))",
            f"{{{{{by}}}}} p{share * 100:g}",
        )
        for share in shares
    ]
