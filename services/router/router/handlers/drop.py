"""`dead_letter.drop`: an operator deletes a dead letter; the audit keeps that it was there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from herald.config.file import HeraldFile
from herald.contracts.operator_commands import DropDeadLetter
from herald.contracts.topology import DROP_KEY
from herald.contracts.vocabulary import CommandAnswer
from router.commands import Envelope, Rejection
from router.dead_letters import DeadLetterAct
from router.handlers.dead_letter_acts import conclude
from router.parsing.control import read_operator
from router.store.dead_letters import delete_dead_letter, lock_dead_letter, was_dropped
from router.unit_of_work import UnitOfWork


class DropCommands:
    """Commands that delete a dead letter; to be handled one by one."""

    def __init__(self, configuration: HeraldFile) -> None:
        self._configuration = configuration

    def read(
        self, envelopes: Sequence[Envelope], _now: datetime
    ) -> list[DropDeadLetter | Rejection]:
        """Read commands."""
        return [
            read_operator(envelope, self._configuration, DropDeadLetter) for envelope in envelopes
        ]

    async def apply(
        self, unit: UnitOfWork, commands: Sequence[tuple[Envelope, DropDeadLetter]]
    ) -> None:
        """Delete what is meant; asked again, it is answered as a duplicate."""
        for envelope, command in commands:
            stored = await lock_dead_letter(unit.connection, command.id)
            answer = CommandAnswer.ACCEPTED
            if stored is not None:
                await delete_dead_letter(unit.connection, command.id)
            else:
                dropped = await was_dropped(unit.connection, command.id, DROP_KEY)
                answer = CommandAnswer.DUPLICATE if dropped else CommandAnswer.REJECTED
            is_unknown = answer is CommandAnswer.REJECTED
            conclude(
                unit,
                DeadLetterAct(
                    envelope=envelope,
                    dead_letter_id=command.id,
                    dead_letter=stored.dead_letter if stored else None,
                    answer=answer,
                    field="id" if is_unknown else None,
                    reason="no such dead letter" if is_unknown else None,
                ),
            )
