"""Commands whose id or key a message has already: who is answered what."""

from __future__ import annotations

from collections.abc import Sequence

from herald.contracts.reasons import ID_TAKEN, IDEMPOTENCY_MISMATCH
from herald.contracts.vocabulary import CommandAnswer
from herald.database.pool import Connection
from router.commands import Candidate, Envelope, Rejection
from router.core.effects import Answer
from router.store.messages import Taken, find_taken

Judged = tuple[Candidate, Taken | None, Answer | Rejection]


async def part_taken(
    connection: Connection, candidates: Sequence[Candidate]
) -> tuple[list[Candidate], list[Judged]]:
    """Part commands whose id and key are free from the others, each with the message and answer."""
    if not candidates:
        return [], []
    found = await find_taken(connection, candidates)
    by_key = {(item.message.tenant, item.message.idempotency_key): item for item in found}
    ids = {item.message.id for item in found}
    free: list[Candidate] = []
    taken: list[Judged] = []
    for candidate in candidates:
        message = candidate.message
        holder = by_key.get((message.tenant, message.idempotency_key))
        if holder is None and message.id not in ids:
            free.append(candidate)
        else:
            taken.append((candidate, holder, judge(candidate, holder)))
    return free, taken


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
