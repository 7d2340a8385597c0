"""Operators' `dead_letter.replay`: a dead letter is handled once more, as what it was.

It goes to the handler of its queue within this process, under its own message id and user: on the
bus the broker would let nobody write another's. So a replay lends nobody an operator's rights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from herald.bus.batches import Handler
from herald.bus.deliveries import Delivery
from herald.config.file import HeraldFile
from herald.contracts.operator_commands import ReplayDeadLetter
from herald.contracts.vocabulary import CommandAnswer
from herald.database.pool import Connection
from router.batches import apply_isolated, envelope_of, refuse_poison
from router.commands import Envelope, Rejection, UnusableError
from router.dead_letters import DeadLetter, DeadLetterAct
from router.handlers.dead_letter_acts import conclude
from router.parsing.control import read_operator
from router.parsing.receipts import ids_in
from router.repeated_deliveries import as_delivered, handling_queue
from router.store.dead_letters import StoredDeadLetter, begin_replay, end_replay, lock_dead_letter
from router.store.messages import find_by_key
from router.unit_of_work import UnitOfWork, UnitsOfWork

HANDLED = "handled"
UNREADABLE = "refused: unreadable"


class ReplayHandler:
    """Handles batches of `dead_letter.replay`, one after the other."""

    def __init__(
        self,
        units: UnitsOfWork,
        configuration: HeraldFile,
        handlers: Mapping[str, Handler],  # by queue
    ) -> None:
        self._units = units
        self._configuration = configuration
        self._handlers = handlers

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Answer every command of a batch; one that breaks us is refused alone."""
        for delivery in deliveries:
            await apply_isolated([delivery], self._apply, self._refuse_poison)

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        for envelope in map(envelope_of, deliveries):
            command = read_operator(envelope, self._configuration, ReplayDeadLetter)
            replayed = await self._begin(envelope, command)
            if replayed is not None:
                copy = as_delivered(replayed)
                await self._handlers[handling_queue(replayed)]([copy])
                await self._end(envelope, replayed, UNREADABLE if copy.rejected else HANDLED)

    async def _begin(
        self, envelope: Envelope, command: ReplayDeadLetter | Rejection
    ) -> DeadLetter | None:
        """Mark the dead letter and return it, or refuse the command.

        A crash before the end begins the replay again.
        """
        async with self._units.begin() as unit:
            if isinstance(command, Rejection):
                unit.reject(command)
                return None
            stored = await lock_dead_letter(unit.connection, command.id)
            problem = self._why_not(stored, command, envelope)
            if stored is not None and problem is None:
                cause = envelope.context.cause
                await begin_replay(unit.connection, command.id, envelope.user or "", cause)
                return stored.dead_letter
            refused = DeadLetterAct(
                envelope=envelope,
                dead_letter_id=command.id,
                dead_letter=stored.dead_letter if stored else None,
                answer=CommandAnswer.REJECTED,
                field="id",
                reason=problem,
            )
            conclude(unit, refused)
            return None

    def _why_not(
        self, stored: StoredDeadLetter | None, command: ReplayDeadLetter, envelope: Envelope
    ) -> str | None:
        if stored is None:
            return "no such dead letter"
        try:
            queue = handling_queue(stored.dead_letter)
        except UnusableError as error:
            return error.reason
        if queue not in self._handlers:
            return f"the router handles nothing of {queue}"
        is_new = stored.replayed_at is None or stored.replay_cause == envelope.context.cause
        if is_new or command.again:
            return None
        result = stored.replay_result or "which is under way"
        return f"it was replayed before, by {stored.replayed_by} ({result}): only again replays it"

    async def _end(self, envelope: Envelope, replayed: DeadLetter, result: str) -> None:
        """Write how the replay went, and answer the command."""
        async with self._units.begin() as unit:
            parts = ids_in(replayed.body)
            result = await end_replay(unit.connection, replayed.id, result, parts) or result
            is_handled = result == HANDLED
            message_id = await _find_message(unit.connection, replayed)
            if is_handled and message_id is not None:
                await _note_replay(unit, message_id, envelope)
            done = DeadLetterAct(
                envelope=envelope,
                dead_letter_id=replayed.id,
                dead_letter=replayed,
                answer=CommandAnswer.ACCEPTED if is_handled else CommandAnswer.REJECTED,
                field=None if is_handled else "id",
                reason=None if is_handled else result,
                message_id=message_id,
            )
            conclude(unit, done)

    async def _refuse_poison(self, delivery: Delivery, _error: Exception) -> None:
        await refuse_poison(self._units, self._configuration, delivery)


async def _find_message(connection: Connection, dead_letter: DeadLetter) -> UUID | None:
    """Find the message that a replayed command made, or met under its key."""
    if dead_letter.tenant is None or dead_letter.idempotency_key is None:
        return None
    name = (dead_letter.tenant, dead_letter.idempotency_key)
    return (await find_by_key(connection, [name])).get(name)


async def _note_replay(unit: UnitOfWork, message_id: UUID, envelope: Envelope) -> None:
    """Write into the message's history that its command was replayed."""
    for message in (await unit.lock([message_id])).values():
        fact = f"replay:{envelope.context.cause}"
        note = f"its command was replayed by {envelope.user}: it was a dead letter"
        unit.note(message, fact, note)
