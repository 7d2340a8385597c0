"""The claims of one process, and those of them whose response was lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from herald.channel import sends
from herald.channel.attempts import Attempt
from herald.channel.sends import Claim, Known
from herald.database.pool import Database


@dataclass(slots=True)
class _Doubt:
    """A claim that may stand."""

    claimant: UUID
    until: float  # past it the claim, if it stands, is the sweeper's
    attempt: Attempt | None = None  # not made; None while it is about to be made


class Claims:
    """Makes claims. One whose response was lost is taken up by the next try, and only by that.

    While a claim's response is awaited, nobody else in this process takes it for lost.
    """

    def __init__(
        self, channel: str, database: Database, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._channel = channel
        self._database = database
        self._clock = clock
        self._doubts: dict[str, _Doubt] = {}

    async def make(self, attempts: Mapping[str, Attempt]) -> list[Attempt]:
        """Claim attempts by their ids; note the claims of those that are ours, and return these.

        Raises:
            whatever the statement raised; the same attempts may be claimed again.
        """
        claimant = uuid4()
        claims = {
            attempt_id: Claim(
                attempt_id=attempt_id,
                provider=attempt.provider,
                account=attempt.account,
                lease=attempt.lease,
                claimant=claimant,
            )
            for attempt_id, attempt in attempts.items()
        }
        async with self._database.connection() as connection:
            again = self._take_up(claims)
            claims |= again
            asked_at = self._clock()
            try:
                names = await sends.claim(connection, self._channel, claims.values())
                lost = [claim for name, claim in again.items() if name not in names]
                if lost:
                    names |= await sends.claim_again(connection, lost)
            except BaseException:
                self._doubt(claims.values(), asked_at)
                raise
        for name in names:
            attempts[name].claimant = claims[name].claimant
            attempts[name].lease_ends = asked_at + claims[name].lease.total_seconds()
        return [attempts[name] for name in names]

    async def look_up(self, attempt_ids: Sequence[str]) -> dict[str, Known]:
        """Read what became of attempts that are not ours."""
        if not attempt_ids:
            return {}
        async with self._database.connection() as connection:
            return await sends.look_up(connection, attempt_ids)

    def hold(self, attempts: Iterable[Attempt]) -> None:
        """Note that these are about to be made: their doubtful claims are not abandoned."""
        self._note(attempts, are_made=True)

    def let_go(self, attempts: Iterable[Attempt]) -> None:
        """Note that these are not made, unless their deliveries are handled again."""
        self._note(attempts, are_made=False)

    def abandoned(self) -> list[Attempt]:
        """Return attempts that may be claimed here although their deliveries went elsewhere.

        Another worker that gets such a delivery finds the claim and leaves the attempt alone.
        """
        attempts = [doubt.attempt for doubt in self._doubts.values() if doubt.attempt is not None]
        return [attempt for attempt in attempts if not attempt.delivery.is_live]

    def give_up(self, attempt_id: str) -> UUID | None:
        """Return the token of a claim that may stand and nobody will take up again."""
        doubt = self._doubts.pop(attempt_id, None)
        return doubt.claimant if doubt is not None else None

    def _note(self, attempts: Iterable[Attempt], *, are_made: bool) -> None:
        for attempt in attempts if self._doubts else ():
            doubt = self._doubts.get(attempt.id)
            if doubt is not None:
                doubt.attempt = None if are_made else attempt

    def _take_up(self, claims: Mapping[str, Claim]) -> dict[str, Claim]:
        """Return the claims that may stand already, each under the token it was made with."""
        if not self._doubts:
            return {}
        doubts = ((claim, self._doubts.pop(name, None)) for name, claim in claims.items())
        return {
            claim.attempt_id: claim._replace(claimant=doubt.claimant)
            for claim, doubt in doubts
            if doubt is not None
        }

    def _doubt(self, claims: Iterable[Claim], asked_at: float) -> None:
        now = self._clock()
        self._doubts = {name: one for name, one in self._doubts.items() if one.until > now}
        for claim in claims:
            until = asked_at + claim.lease.total_seconds()
            self._doubts[claim.attempt_id] = _Doubt(claim.claimant, until)
