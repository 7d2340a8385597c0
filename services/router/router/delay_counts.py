"""Delays of deliveries, counted in this process until they are written, once a second."""

from __future__ import annotations

from collections.abc import Mapping

from router.core.delays import BUCKETS, Way, bucket_of

Counts = dict[Way, list[int]]


class DelayCounts:
    """Counts delays; as many ways as there are providers' channels and countries."""

    def __init__(self) -> None:
        self._counts: Counts = {}

    def add(self, way: Way, seconds: float) -> None:
        """Count one delivery."""
        self._counts.setdefault(way, [0] * BUCKETS)[bucket_of(seconds)] += 1

    def take(self) -> Counts:
        """Return what was counted since the last time."""
        taken, self._counts = self._counts, {}
        return taken

    def give_back(self, counts: Mapping[Way, list[int]]) -> None:
        """Count again what could not be written."""
        for way, more in counts.items():
            into = self._counts.setdefault(way, [0] * BUCKETS)
            into[:] = [sum(pair) for pair in zip(into, more, strict=True)]


DELAYS = DelayCounts()  # of the process, as its metrics are
