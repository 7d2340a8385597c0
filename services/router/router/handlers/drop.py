"""Operators' `dead_letter.drop`: a dead letter is deleted; the audit keeps that it was there."""

from __future__ import annotations

from collections.abc import Sequence

from herald.bus.deliveries import Delivery
from herald.config.file import HeraldFile
from herald.contracts.operator_commands import DropDeadLetter
from herald.contracts.topology import DROP_KEY
from herald.contracts.vocabulary import CommandAnswer
from herald.database.pool import Database
from router.commands import Envelope, Rejection
from router.committing import Committer
from router.counting import observe_answer
from router.dead_letters import DeadLetterAct
from router.handlers.dead_letter_acts import save_act
from router.handlers.send import envelope_of, refuse, refuse_poison
from router.parsing.control import read_operator
from router.poison_isolation import apply_isolated
from router.store.dead_letters import delete_dead_letter, lock_dead_letter, was_dropped


class DropHandler:
    """Handles batches of `dead_letter.drop`, one letter after the other."""

    def __init__(self, database: Database, committer: Committer, configuration: HeraldFile) -> None:
        self._database = database
        self._committer = committer
        self._configuration = configuration

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Answer every command of a batch; one that breaks us is refused alone."""
        for delivery in deliveries:
            await apply_isolated([delivery], self._apply, self._refuse_poison)

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        for envelope in map(envelope_of, deliveries):
            read = read_operator(envelope, self._configuration, DropDeadLetter)
            if isinstance(read, Rejection):
                await refuse(self._database, self._committer, [read])
            else:
                await self._drop(envelope, read)

    async def _drop(self, envelope: Envelope, command: DropDeadLetter) -> None:
        """Delete it; told again, it is answered as a duplicate."""
        async with self._database.transaction() as connection:
            kept = await lock_dead_letter(connection, command.id)
            answer = CommandAnswer.ACCEPTED
            if kept is not None:
                await delete_dead_letter(connection, command.id)
            else:
                dropped = await was_dropped(connection, command.id, DROP_KEY)
                answer = CommandAnswer.DUPLICATE if dropped else CommandAnswer.REJECTED
            is_unknown = answer is CommandAnswer.REJECTED
            done = DeadLetterAct(
                envelope=envelope,
                letter_id=command.id,
                letter=kept.letter if kept else None,
                answer=answer,
                field="id" if is_unknown else None,
                reason="no such dead letter" if is_unknown else None,
            )
            committed = await save_act(connection, self._committer, done, self._database.now())
        observe_answer(DROP_KEY, answer)
        await self._committer.keep(committed)

    async def _refuse_poison(self, delivery: Delivery, _error: Exception) -> None:
        await refuse_poison(self._database, self._committer, self._configuration, delivery)
