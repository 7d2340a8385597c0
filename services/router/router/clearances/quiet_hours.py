"""Whether it is a time at which a step's recipient may be written to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from herald.config.file import HeraldFile
from herald.database.pool import Connection
from router.clearances.source import Found, Hop
from router.core.clearance import Clearance, Wait
from router.core.quiet_hours import opens_at, zones_of_phones

QUIET_HOURS = "quiet_hours"


class QuietHoursClearance:
    """Lets steps wait until their recipient's day has begun."""

    def __init__(self, configuration: HeraldFile) -> None:
        self._configuration = configuration

    async def clear(self, _connection: Connection, hops: Sequence[Hop], now: datetime) -> Found:
        """Look at the clock of each recipient; nothing is asked of the database."""
        waits = ((hop.key, self._opens_at(hop, now)) for hop in hops)
        return {
            key: Clearance(wait=Wait(until, QUIET_HOURS))
            for key, until in waits
            if until is not None
        }

    def _opens_at(self, hop: Hop, now: datetime) -> datetime | None:
        message, step = hop.message, hop.planned
        rule = self._configuration.quiet_hours_of(message.tenant, message.plan.category)
        if rule is None or not rule.applies_on(step.channel):
            return None
        addresses = (step.address, *(other.address for other in message.plan.steps))
        zones = message.plan.timezones or zones_of_phones(addresses)
        return opens_at(rule, zones, self._configuration.timezone_of(message.tenant), now)
