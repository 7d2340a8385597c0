"""Whether a step's recipient may be written to there: what they asked for, and dead addresses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from herald.config.consent import Consent
from herald.contracts.masking import all_address_hashes
from herald.database.pool import Connection
from router.clearances.source import Found, Hop
from router.core.clearance import Clearance
from router.core.consent import blocking, refusal_of
from router.store.suppressions import find_suppressions


class ConsentClearance:
    """Refuses steps to who opted out, as it stands when each of them is about to start."""

    def __init__(self, consent: Consent) -> None:
        self._consent = consent

    async def clear(self, connection: Connection, hops: Sequence[Hop], _now: datetime) -> Found:
        """Look every recipient up, in one statement."""
        hashes = {hop.key: all_address_hashes(hop.planned.address) for hop in hops}
        asked = {(hop.message.tenant, one) for hop in hops for one in hashes[hop.key]}
        found = await find_suppressions(connection, asked)
        if not found:
            return {}
        refused = {}
        for hop in hops:
            standing = [
                s for one in hashes[hop.key] for s in found.get((hop.message.tenant, one), ())
            ]
            category = hop.message.plan.category
            stopping = blocking(standing, hop.planned.channel, category, self._consent)
            if stopping is not None:
                refused[hop.key] = Clearance(refusal=refusal_of(stopping))
        return refused
