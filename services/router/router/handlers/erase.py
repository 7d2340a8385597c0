"""`recipient.erase`: taken on and answered; `jobs.erasing` does what it asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from herald.config.file import HeraldFile
from herald.contracts.topology import ERASE_KEY
from herald.contracts.vocabulary import CommandAnswer
from router.commands import Envelope, ErasureRequest, Rejection, UnusableError
from router.outgoing.answers import erased_event, erasure_answer
from router.parsing.control import read_erase
from router.parsing.refusals import rejection
from router.store.erasures import find_erasures, insert_erasures
from router.unit_of_work import UnitOfWork


class EraseCommands:
    """Commands that erase what is known of a recipient."""

    def __init__(self, configuration: HeraldFile) -> None:
        self._configuration = configuration

    def read(
        self, envelopes: Sequence[Envelope], _now: datetime
    ) -> list[ErasureRequest | Rejection]:
        """Read commands."""
        return [read_erase(envelope, self._configuration) for envelope in envelopes]

    async def apply(
        self, unit: UnitOfWork, commands: Sequence[tuple[Envelope, ErasureRequest]]
    ) -> None:
        """Keep what is new; the same command again gets the same answer, and the erasure's end."""
        first: dict[UUID, ErasureRequest] = {}
        for _, asked in commands:
            first.setdefault(asked.id, asked)
        await insert_erasures(unit.connection, list(first.values()))
        holders = await find_erasures(unit.connection, list(first))
        for envelope, asked in commands:
            holder = holders[asked.id]
            if holder.tenant != asked.tenant:
                problem = UnusableError("id", "another erasure has it: give a new one, or none")
                unit.reject(rejection(envelope, self._configuration, problem))
                continue
            same = holder.cause == asked.cause
            answer = CommandAnswer.ACCEPTED if same else CommandAnswer.DUPLICATE
            event = erasure_answer(asked, answer, unit.now)
            unit.reply(ERASE_KEY, answer, event, asked.tenant)
            if holder.erased is not None:
                unit.publish(erased_event(asked, holder.erased, unit.now))
