"""What decisions ask before they can go on: who has an attempt, and whether a step may start.

Each is asked of the database once for all messages of a unit of work, and its answer is a fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from herald.database.pool import Connection
from router.clearances.source import ChargingSource, ClearanceSource, Found, Hop, clear_all
from router.commands import Candidate
from router.core.clearance import Clearance
from router.core.effects import Decision
from router.core.facts import Cleared, Fact, MessageAccepted, WithdrawAnswered
from router.core.message import Message
from router.decisions import Decisions
from router.store.messages import find_taken
from router.store.withdrawals import withdraw

_WITHDRAWN = "withdrawn"


class Beginning(Struct):
    """A message that is about to be inserted, and what was decided of it so far."""

    candidate: Candidate
    made: list[tuple[Message, Fact, Decision]]  # the message as it stood before each

    @property
    def message(self) -> Message:
        """The message as it stands."""
        return self.made[-1][-1].message


class Questions:
    """Asks what the decisions of one unit of work ask for."""

    def __init__(
        self,
        connection: Connection,
        decisions: Decisions,
        sources: Sequence[ClearanceSource],
        charging: Sequence[ChargingSource],
    ) -> None:
        """Make them; `charging`: those of `sources` that count what they let start."""
        self._connection = connection
        self._decisions = decisions
        self._sources = sources
        self._charging = charging

    async def answer(self) -> None:
        """Answer until nothing is asked any more: the answers of one kind may lead to the other."""
        while await self._withdraw() or await self._ask_clearances():
            pass

    async def begin(self, candidates: Sequence[Candidate]) -> list[Beginning]:
        """Decide messages' beginnings, as far as the first steps are cleared.

        Of tenants that are charged those are left out whose id or key a message has.
        """
        candidates = await self._leave_out_taken(candidates)
        first = [Hop(one.message, 1) for one in candidates if one.message.state.send_at is None]
        for (message_id, step), clearance in (await self._clear(first)).items():
            self._decisions.clear(message_id, step, clearance)
        begun = []
        for candidate in candidates:
            fact = MessageAccepted(context=candidate.envelope.context)
            decision = self._decisions.decide(candidate.message, fact)
            begun.append(Beginning(candidate, [(candidate.message, fact, decision)]))
        while asking := [one for one in begun if one.message.asking is not None]:
            cleared = await self._clear([_hop(one.message) for one in asking])
            for one in asking:
                hop = _hop(one.message)
                answer = Cleared(step=hop.step, clearance=cleared[hop.key])
                decision = self._decisions.decide(hop.message, answer)
                one.made.append((hop.message, answer, decision))
        return begun

    async def preview(self, hops: Sequence[Hop]) -> Found:
        """Ask every source about steps of dry runs; what they write is undone."""
        if not hops or not self._sources:
            return {}
        transaction = self._connection.transaction()
        await transaction.start()
        try:
            return await clear_all(
                self._sources, self._connection, hops, self._decisions.now, asks_all=True
            )
        finally:
            await transaction.rollback()

    async def take_back(self, begun: Iterable[Beginning]) -> None:
        """Say which beginnings came to nothing: their messages are not accepted after all."""
        hops = [
            Hop(one.candidate.message, one.message.current.step)
            for one in begun
            if one.message.current is not None
        ]
        if hops:
            for source in self._charging:
                await source.take_back(self._connection, hops, self._decisions.now)

    async def _leave_out_taken(self, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Leave repeats out where they would use up what is left for new ones beside them."""
        charged = [
            one
            for source in self._charging
            for one in candidates
            if source.charges(one.message.tenant)
        ]
        if not charged:
            return candidates
        found = await find_taken(self._connection, charged)
        taken = {name for one in found for name in one.message.names}
        return [one for one in candidates if taken.isdisjoint(one.message.names)]

    async def _withdraw(self) -> bool:
        """Ask for every withdraw at once and decide on the answers; return whether any was."""
        asked = self._decisions.withdraws
        if not asked:
            return False
        answers = await withdraw(self._connection, map(str, asked))
        for attempt in asked:
            state, lease_until = answers[str(attempt)]
            fact = WithdrawAnswered(
                attempt=attempt, won=state == _WITHDRAWN, lease_until=lease_until
            )
            self._decisions.apply(attempt.message_id, fact)
        return True

    async def _ask_clearances(self) -> bool:
        """Ask for every clearance at once and go on; return whether there was one."""
        hops = [_hop(message) for message in self._decisions.asking]
        cleared = await self._clear(hops)
        for hop in hops:
            answer = Cleared(step=hop.step, clearance=cleared[hop.key])
            self._decisions.apply(hop.message.id, answer)
        return bool(hops)

    async def _clear(self, hops: Sequence[Hop]) -> Mapping[tuple[UUID, int], Clearance]:
        if not hops or not self._sources:
            return {}
        return await clear_all(self._sources, self._connection, hops, self._decisions.now)


def _hop(message: Message) -> Hop:
    assert message.asking is not None, "it asks"
    return Hop(message, message.asking.step, message.asking.is_released)
