"""Operators' commands about dead letters: answered, and audited."""

from __future__ import annotations

from router.dead_letters import DeadLetterAct
from router.outgoing.answers import dead_letter_answer
from router.store.audit import Act
from router.unit_of_work import UnitOfWork


def conclude(unit: UnitOfWork, done: DeadLetterAct) -> None:
    """Answer a command and keep in the audit what it did.

    A refused one is no dead letter itself: the audit has it, and there may be thousands.
    """
    routing_key, dead_letter = done.envelope.routing_key, done.dead_letter
    tenant = dead_letter.tenant if dead_letter else None
    unit.reply(routing_key, done.answer, dead_letter_answer(done, unit.now), tenant)
    unit.audit(
        Act(
            user=done.envelope.user or "",
            act=routing_key,
            tenant=tenant,
            subject=done.dead_letter_id,
            detail={
                "answer": done.answer,
                "reason": done.reason,
                "message_id": done.message_id,
                "queue": dead_letter.queue if dead_letter else None,
                "died_of": dead_letter.reason if dead_letter else None,
            },
        )
    )
