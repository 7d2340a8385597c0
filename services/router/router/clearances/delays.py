"""How long to wait for a delivery, where a step leaves that to what was learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from herald.config.file import HeraldFile
from herald.database.pool import Connection
from router.clearances.source import Found, Hop
from router.core.clearance import Clearance
from router.core.delays import Learned, Way, best_known, country_of


class LearnedDelays:
    """Says it from memory: nothing is asked of the database."""

    def __init__(
        self, configuration: HeraldFile, learned: Callable[[], Mapping[Way, Learned]]
    ) -> None:
        self._configuration = configuration
        self._learned = learned

    async def clear(self, _connection: Connection, hops: Sequence[Hop], _now: datetime) -> Found:
        """Say how long to wait for each step that asks for it."""
        return {hop.key: self._clearance(hop) for hop in hops if hop.planned.learns_fallback}

    def _clearance(self, hop: Hop) -> Clearance:
        planned = hop.planned
        serving = self._configuration.serving(planned, hop.message.tenant, planned.address)
        providers = [account.provider for account in serving.values()]
        country = country_of(planned.address)
        known = best_known(self._learned(), providers, planned.channel, country)
        if known is None:
            why = "the default, for too few deliveries are known"
            return Clearance(notes=(f"fallback after {_said(planned.fallback_after)}: {why}",))
        why = f"learned p95 of {known.deliveries:,} deliveries"
        note = f"fallback after {_said(known.wait)}: {why}"
        return Clearance(fallback_after=known.wait, notes=(note,))


def _said(wait: timedelta) -> str:
    return f"{wait.total_seconds():g} s"
