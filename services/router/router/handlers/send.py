"""Send commands in batches: read, accepted or refused, answered, and dispatched."""

from __future__ import annotations

from collections.abc import Sequence

from herald.bus.deliveries import Delivery
from herald.bus.outgoing_messages import OutgoingMessage
from herald.config.file import HeraldFile
from herald.contracts.reasons import ID_TAKEN, IDEMPOTENCY_MISMATCH
from herald.contracts.vocabulary import CommandAnswer, Lane
from herald.database.pool import Connection, Database, is_outage
from router.accepting import accept, contents_of
from router.commands import Candidate, Envelope, Rejection
from router.committing import Committer
from router.core.effects import Answer, Decision
from router.core.facts import Fact
from router.core.message import Message
from router.counting import observe_answer, observe_rejections
from router.dead_letters import dead_letter_from_command
from router.outgoing.messages import answer_event, rejection_event
from router.parsing.refusals import poison
from router.parsing.send import read_send
from router.poison_isolation import apply_isolated
from router.store.dead_letters import insert_dead_letters
from router.store.messages import HistoryRow, Taken, find_taken


def envelope_of(delivery: Delivery) -> Envelope:
    """Take over what matters of a command's delivery."""
    return Envelope(
        body=delivery.body,
        routing_key=delivery.routing_key,
        message_id=delivery.message_id or None,
        correlation_id=delivery.correlation_id,
        redelivered=delivery.redelivered,
        user=delivery.user_id,
    )


class SendHandler:
    """Handles batches of one lane's send commands."""

    def __init__(
        self, lane: Lane, database: Database, committer: Committer, configuration: HeraldFile
    ) -> None:
        self._lane = lane
        self._database = database
        self._committer = committer
        self._configuration = configuration

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Answer every command of a batch; one that breaks us is refused alone."""
        await apply_isolated(deliveries, self._apply, self._refuse_poison)

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        now = self._database.now()
        items = [
            read_send(envelope_of(delivery), self._configuration, self._lane, now)
            for delivery in deliveries
        ]
        rejections = [item for item in items if isinstance(item, Rejection)]
        waiting = [item for item in items if isinstance(item, Candidate)]
        history: list[HistoryRow] = []
        decided: list[tuple[Message, Fact, Decision]] = []
        frames: list[OutgoingMessage] = []
        answered: list[tuple[Message, Answer]] = []
        async with self._database.transaction() as connection:
            while waiting:  # once, but for commands of one batch that share an id or a key
                first, repeats = _first_of_each(waiting)
                batch, inserted = await accept(connection, first, now, self._committer.rules)
                frames += await batch.frames(connection, contents_of(first))
                history += batch.history.values()
                decided += batch.decided
                taken = [c for c in first if c.message.id not in inserted] + repeats
                answers, refused, waiting = await self._answer_taken(connection, taken)
                answered += answers
                rejections += refused
            frames += [answer_event(message, answer, now) for message, answer in answered]
            frames += [rejection_event(rejected, now) for rejected in rejections]
            committed = await self._committer.save(
                connection, [], history, frames, now, decided=decided
            )
            buried = await insert_refused_commands(connection, rejections)
        for _message, answer in answered:
            observe_answer(answer.context.routing_key, answer.answer)
        observe_rejections(rejections, buried)
        await self._committer.keep(committed)

    async def _answer_taken(
        self, connection: Connection, candidates: Sequence[Candidate]
    ) -> tuple[list[tuple[Message, Answer]], list[Rejection], list[Candidate]]:
        """Answer commands whose id or key is held by a message; return those that are free.

        A command is free when only a refused one of its batch has the same id or key.
        """
        if not candidates:
            return [], [], []
        taken = await find_taken(connection, candidates)
        by_key = {(item.message.tenant, item.message.idempotency_key): item for item in taken}
        ids = {item.message.id for item in taken}
        free: list[Candidate] = []
        answers: list[tuple[Message, Answer]] = []
        refused: list[Rejection] = []
        for candidate in candidates:
            message = candidate.message
            holder = by_key.get((message.tenant, message.idempotency_key))
            if holder is None and message.id not in ids:
                free.append(candidate)
                continue
            answer = judge(candidate, holder)
            if isinstance(answer, Rejection):
                refused.append(answer)
            elif holder is not None:
                answers.append((holder.message, answer))
        return answers, refused, free

    async def _refuse_poison(self, delivery: Delivery, _error: Exception) -> None:
        await refuse_poison(self._database, self._committer, self._configuration, delivery)


async def refuse(database: Database, committer: Committer, rejections: Sequence[Rejection]) -> None:
    """Answer refused commands and keep their bodies."""
    now = database.now()
    async with database.transaction() as connection:
        frames = [rejection_event(rejected, now) for rejected in rejections]
        committed = await committer.save(connection, [], [], frames, now)
        buried = await insert_refused_commands(connection, rejections)
    observe_rejections(rejections, buried)
    await committer.keep(committed)


async def refuse_poison(
    database: Database, committer: Committer, configuration: HeraldFile, delivery: Delivery
) -> None:
    """Answer a command that broke us; if even that fails it is dead-lettered."""
    try:
        await refuse(database, committer, [poison(envelope_of(delivery), configuration)])
    except Exception as error:
        if is_outage(error):
            raise
        delivery.reject()


def judge(candidate: Candidate, holder: Taken | None) -> Answer | Rejection:
    """Answer a command whose key or id is taken. The key decides; its cause tells a redelivery."""
    envelope = candidate.envelope
    if holder is None:
        # the id is in use under another key or tenant, of which nothing is told
        return _refuse(candidate, "id", ID_TAKEN, None)
    # of an erased message nothing is left to compare with
    if holder.command_hash and holder.command_hash != candidate.command_hash:
        return _refuse(candidate, "idempotency_key", IDEMPOTENCY_MISMATCH, str(holder.message.id))
    return answer_repeat(envelope, holder)


def answer_repeat(envelope: Envelope, holder: Taken) -> Answer:
    """Answer a command whose message was made before: by this very command, or by another."""
    same_cause = envelope.message_id is not None and envelope.message_id == holder.cause
    redelivery = envelope.message_id is None and holder.cause is None and envelope.redelivered
    return Answer(
        answer=CommandAnswer.ACCEPTED if same_cause or redelivery else CommandAnswer.DUPLICATE,
        context=envelope.context,
        status=holder.message.status,
        outcome=holder.message.outcome,
    )


def _refuse(candidate: Candidate, at: str, reason: str, holder: str | None) -> Rejection:
    return Rejection(
        envelope=candidate.envelope,
        field=at,
        reason=reason,
        tenant=candidate.message.tenant,
        idempotency_key=candidate.message.idempotency_key,
        message_id=holder,
    )


def _first_of_each(
    candidates: Sequence[Candidate],
) -> tuple[list[Candidate], list[Candidate]]:
    """Part the first command of each id and key from its repeats within the batch."""
    seen: set[object] = set()
    first: list[Candidate] = []
    repeats: list[Candidate] = []
    for candidate in candidates:
        message = candidate.message
        names = {message.id, (message.tenant, message.idempotency_key)}
        (repeats if names & seen else first).append(candidate)
        seen |= names
    return first, repeats


async def insert_refused_commands(
    connection: Connection, rejections: Sequence[Rejection]
) -> list[str]:
    """Keep the bodies of refused commands; return the queues of those that are new."""
    if not rejections:
        return []
    return await insert_dead_letters(connection, list(map(dead_letter_from_command, rejections)))
