"""Commands `recipient.erase`: taken on, and answered; `erasing` does what they ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from herald.bus.deliveries import Delivery
from herald.bus.outgoing_messages import OutgoingMessage
from herald.config.file import HeraldFile
from herald.contracts.topology import ERASE_KEY
from herald.contracts.vocabulary import CommandAnswer
from herald.database.pool import Connection, Database
from router.commands import Envelope, ErasureRequest, Rejection, UnusableError
from router.committing import Committer
from router.counting import observe_answer, observe_rejections
from router.handlers.send import envelope_of, insert_refused_commands, refuse_poison
from router.outgoing.erasures import erased_event, erasure_answer
from router.outgoing.messages import rejection_event
from router.parsing.control import read_erase
from router.parsing.refusals import rejection
from router.poison_isolation import apply_isolated
from router.store.erasures import ask_erasures, find_erasures


@dataclass(slots=True)
class _Answered:
    """What a batch's commands are told."""

    frames: list[OutgoingMessage] = field(default_factory=list)
    answers: list[CommandAnswer] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


class ErasureHandler:
    """Handles batches of `recipient.erase`."""

    def __init__(self, database: Database, committer: Committer, configuration: HeraldFile) -> None:
        self._database = database
        self._committer = committer
        self._configuration = configuration

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Answer every command of a batch; one that breaks us is refused alone."""
        await apply_isolated(deliveries, self._apply, self._refuse_poison)

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        now = self._database.now()
        answered = _Answered()
        asked: list[tuple[Envelope, ErasureRequest]] = []
        for envelope in map(envelope_of, deliveries):
            read = read_erase(envelope, self._configuration)
            if isinstance(read, Rejection):
                answered.rejections.append(read)
            else:
                asked.append((envelope, read))
        async with self._database.transaction() as connection:
            await self._take_on(connection, asked, answered, now)
            answered.frames += [rejection_event(item, now) for item in answered.rejections]
            committed = await self._committer.save(connection, [], [], answered.frames, now)
            buried = await insert_refused_commands(connection, answered.rejections)
        for answer in answered.answers:
            observe_answer(ERASE_KEY, answer)
        observe_rejections(answered.rejections, buried)
        await self._committer.keep(committed)

    async def _take_on(
        self,
        connection: Connection,
        asked: Sequence[tuple[Envelope, ErasureRequest]],
        answered: _Answered,
        now: datetime,
    ) -> None:
        """Keep what is new; the same command again is told the same again, its end included."""
        first: dict[UUID, ErasureRequest] = {}
        for _, one in asked:
            first.setdefault(one.id, one)
        await ask_erasures(connection, list(first.values()))
        holders = await find_erasures(connection, list(first))
        for envelope, one in asked:
            holder = holders[one.id]
            if holder.tenant != one.tenant:
                problem = UnusableError("id", "another erasure has it: give a new one, or none")
                answered.rejections.append(rejection(envelope, self._configuration, problem))
                continue
            same = holder.cause == one.cause
            answer = CommandAnswer.ACCEPTED if same else CommandAnswer.DUPLICATE
            correlation_id = envelope.context.correlation_id
            answered.frames.append(erasure_answer(one, answer, one.cause, correlation_id, now))
            answered.answers.append(answer)
            if holder.erased is not None:
                answered.frames.append(erased_event(one, holder.erased, now))

    async def _refuse_poison(self, delivery: Delivery, _error: Exception) -> None:
        await refuse_poison(self._database, self._committer, self._configuration, delivery)
