"""The claims of one process, and those of them whose answer was lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from herald.channel import sends
from herald.channel.sends import Claim
from herald.database.pool import Connection


@dataclass(frozen=True, slots=True)
class _Doubt:
    claimant: UUID
    until: float  # past it the claim, if it stands, is the sweeper's


class Claims:
    """Makes claims. One whose answer was lost is taken up again by the next try, and only by that.

    While a claim's answer is awaited, nobody else in this process takes it for lost.
    """

    def __init__(self, channel: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._channel = channel
        self._clock = clock
        self._doubts: dict[str, _Doubt] = {}

    async def make(self, connection: Connection, claims: Sequence[Claim]) -> dict[str, Claim]:
        """Claim attempts, one claim each; return those that are ours to make, as they stand.

        Raises:
            whatever the statement raised; the same attempts may be claimed again.
        """
        again = self._take_up(claims)
        tried = {claim.attempt_id: again.get(claim.attempt_id, claim) for claim in claims}
        asked_at = self._clock()
        try:
            ours = await sends.claim(connection, self._channel, tried.values())
            lost = [claim for name, claim in again.items() if name not in ours]
            if lost:
                ours |= await sends.claim_again(connection, lost)
        except BaseException:
            self._doubt(tried.values(), asked_at)
            raise
        return {name: tried[name] for name in ours}

    def _take_up(self, claims: Sequence[Claim]) -> dict[str, Claim]:
        """Return the claims that may stand already, each under the token it was made with."""
        if not self._doubts:
            return {}
        doubts = ((claim, self._doubts.pop(claim.attempt_id, None)) for claim in claims)
        return {
            claim.attempt_id: replace(claim, claimant=doubt.claimant)
            for claim, doubt in doubts
            if doubt is not None
        }

    def _doubt(self, claims: Iterable[Claim], asked_at: float) -> None:
        now = self._clock()
        self._doubts = {name: one for name, one in self._doubts.items() if one.until > now}
        for claim in claims:
            until = asked_at + claim.lease.total_seconds()
            self._doubts[claim.attempt_id] = _Doubt(claim.claimant, until)

    def give_up(self, attempt_id: str) -> UUID | None:
        """Return the token of a claim that may stand and nobody will take up again."""
        doubt = self._doubts.pop(attempt_id, None)
        return doubt.claimant if doubt is not None else None
