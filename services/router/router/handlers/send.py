"""`message.send`: accepted and dispatched, or answered for the message that has its id or key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from herald.config.file import HeraldFile
from herald.contracts.reasons import ID_TAKEN, IDEMPOTENCY_MISMATCH
from herald.contracts.vocabulary import CommandAnswer, Lane
from router.commands import Candidate, Envelope, Rejection
from router.core.effects import Answer
from router.parsing.send import read_send
from router.store.messages import Taken, find_taken
from router.unit_of_work import UnitOfWork


class SendCommands:
    """The send commands of one lane."""

    def __init__(self, configuration: HeraldFile, lane: Lane) -> None:
        self._configuration = configuration
        self._lane = lane

    def read(self, envelope: Envelope, now: datetime) -> Candidate | Rejection:
        """Read a command into the message that it asks for."""
        return read_send(envelope, self._configuration, self._lane, now)

    async def apply(self, unit: UnitOfWork, commands: Sequence[tuple[Envelope, Candidate]]) -> None:
        """Insert what is new, and answer what is not."""
        waiting = [candidate for _, candidate in commands]
        while waiting:  # once, but for commands of one batch that share an id or a key
            first, repeats = _first_of_each(waiting)
            inserted = await unit.insert(first)
            taken = [one for one in first if one.message.id not in inserted] + repeats
            waiting = await _answer_taken(unit, taken)


async def _answer_taken(unit: UnitOfWork, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Answer commands whose id or key is held by a message; return those that are free.

    A command is free when only a refused one of its batch has the same id or key.
    """
    if not candidates:
        return []
    taken = await find_taken(unit.connection, candidates)
    by_key = {(item.message.tenant, item.message.idempotency_key): item for item in taken}
    ids = {item.message.id for item in taken}
    free: list[Candidate] = []
    for candidate in candidates:
        message = candidate.message
        holder = by_key.get((message.tenant, message.idempotency_key))
        if holder is None and message.id not in ids:
            free.append(candidate)
            continue
        answer = judge(candidate, holder)
        if isinstance(answer, Rejection):
            unit.reject(answer)
        elif holder is not None:
            unit.answer(holder.message, answer)
    return free


def judge(candidate: Candidate, holder: Taken | None) -> Answer | Rejection:
    """Answer a command whose key or id is taken. The key decides; its cause shows a redelivery."""
    if holder is None:
        # the id is in use under another key or tenant, of which nothing is said
        return _refuse(candidate, "id", ID_TAKEN, None)
    # of an erased message nothing is left to compare with
    if holder.command_hash and holder.command_hash != candidate.command_hash:
        return _refuse(candidate, "idempotency_key", IDEMPOTENCY_MISMATCH, str(holder.message.id))
    return answer_repeat(candidate.envelope, holder)


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
