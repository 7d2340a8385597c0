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
from herald.contracts.topology import REPLAY_KEY
from herald.contracts.vocabulary import CommandAnswer
from herald.database.pool import Connection, Database
from router.commands import Envelope, Rejection, UnusableError
from router.committing import Committer
from router.counting import observe_answer
from router.dead_letters import DeadLetter, DeadLetterAct, as_delivered, handling_queue
from router.handlers.dead_letter_acts import save_act
from router.handlers.send import envelope_of, refuse, refuse_poison
from router.parsing.control import read_operator
from router.poison_isolation import apply_isolated
from router.store.dead_letters import StoredDeadLetter, begin_replay, end_replay, lock_dead_letter
from router.store.messages import HistoryRow, find_by_key, lock_messages

HANDLED = "handled"
UNREADABLE = "refused: unreadable"


class ReplayHandler:
    """Handles batches of `dead_letter.replay`, one letter after the other."""

    def __init__(
        self,
        database: Database,
        committer: Committer,
        configuration: HeraldFile,
        handlers: Mapping[str, Handler],  # by queue
    ) -> None:
        self._database = database
        self._committer = committer
        self._configuration = configuration
        self._handlers = handlers

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Answer every command of a batch; one that breaks us is refused alone."""
        for delivery in deliveries:
            await apply_isolated([delivery], self._apply, self._refuse_poison)

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        for envelope in map(envelope_of, deliveries):
            read = read_operator(envelope, self._configuration, ReplayDeadLetter)
            if isinstance(read, Rejection):
                await refuse(self._database, self._committer, [read])
            else:
                await self._replay(envelope, read)

    async def _replay(self, envelope: Envelope, command: ReplayDeadLetter) -> None:
        """Mark the letter, handle it, and write how that went: a crash between begins again."""
        async with self._database.transaction() as connection:
            kept = await lock_dead_letter(connection, command.id)
            problem = self._why_not(kept, command, envelope)
            if kept is not None and problem is None:
                cause = envelope.context.cause
                await begin_replay(connection, command.id, envelope.user or "", cause)
        if kept is None or problem is not None:
            await self._refuse(envelope, command, kept, problem or "no such dead letter")
            return
        copy = as_delivered(kept.letter)
        await self._handlers[handling_queue(kept.letter)]([copy])
        await self._end(envelope, kept.letter, UNREADABLE if copy.rejected else HANDLED)

    def _why_not(
        self, kept: StoredDeadLetter | None, command: ReplayDeadLetter, envelope: Envelope
    ) -> str | None:
        if kept is None:
            return "no such dead letter"
        try:
            queue = handling_queue(kept.letter)
        except UnusableError as error:
            return error.reason
        if queue not in self._handlers:
            return f"the router handles nothing of {queue}"
        is_new = kept.replayed_at is None or kept.replay_cause == envelope.context.cause
        if is_new or command.again:
            return None
        result = kept.replay_result or "which is under way"
        return f"it was replayed before, by {kept.replayed_by} ({result}): only again replays it"

    async def _end(self, envelope: Envelope, letter: DeadLetter, result: str) -> None:
        now = self._database.now()
        async with self._database.transaction() as connection:
            result = await end_replay(connection, letter.id, result) or result
            is_handled = result == HANDLED
            message_id = await _find_message(connection, letter)
            history = await _told(connection, message_id, envelope) if is_handled else []
            done = DeadLetterAct(
                envelope=envelope,
                letter_id=letter.id,
                letter=letter,
                answer=CommandAnswer.ACCEPTED if is_handled else CommandAnswer.REJECTED,
                field=None if is_handled else "id",
                reason=None if is_handled else result,
                message_id=message_id,
            )
            committed = await save_act(connection, self._committer, done, now, history)
        observe_answer(REPLAY_KEY, done.answer)
        await self._committer.keep(committed)

    async def _refuse(
        self,
        envelope: Envelope,
        command: ReplayDeadLetter,
        kept: StoredDeadLetter | None,
        reason: str,
    ) -> None:
        done = DeadLetterAct(
            envelope=envelope,
            letter_id=command.id,
            letter=kept.letter if kept else None,
            answer=CommandAnswer.REJECTED,
            field="id",
            reason=reason,
        )
        async with self._database.transaction() as connection:
            committed = await save_act(connection, self._committer, done, self._database.now())
        observe_answer(REPLAY_KEY, done.answer)
        await self._committer.keep(committed)

    async def _refuse_poison(self, delivery: Delivery, _error: Exception) -> None:
        await refuse_poison(self._database, self._committer, self._configuration, delivery)


async def _find_message(connection: Connection, letter: DeadLetter) -> UUID | None:
    """Find the message that a replayed command made, or met under its key."""
    if letter.tenant is None or letter.idempotency_key is None:
        return None
    name = (letter.tenant, letter.idempotency_key)
    return (await find_by_key(connection, [name])).get(name)


async def _told(
    connection: Connection, message_id: UUID | None, envelope: Envelope
) -> list[HistoryRow]:
    """Tell the message's history that its command was replayed."""
    held = await lock_messages(connection, [message_id]) if message_id is not None else {}
    fact = f"replay:{envelope.context.cause}"
    note = f"its command was replayed by {envelope.user}: it was a dead letter"
    return [HistoryRow(message=message, fact=fact, note=note) for message in held.values()]
