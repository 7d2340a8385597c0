"""Operators' commands about dead letters: answered and audited as one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from herald.database.pool import Connection
from router.committing import Committed, Committer
from router.dead_letters import DeadLetterAct
from router.outgoing.messages import dead_letter_answer
from router.store.audit import Act, keep_acts
from router.store.messages import HistoryRow


async def save_act(
    connection: Connection,
    committer: Committer,
    done: DeadLetterAct,
    now: datetime,
    history: Sequence[HistoryRow] = (),
) -> Committed:
    """Write the answer and the audit's row; the caller publishes after its commit.

    A refused one is no dead letter itself: the audit has it, and there may be thousands.
    """
    letter = done.letter
    committed = await committer.save(connection, [], history, [dead_letter_answer(done, now)], now)
    act = Act(
        user=done.envelope.user or "",
        act=done.envelope.routing_key,
        tenant=letter.tenant if letter else None,
        subject=done.letter_id,
        detail={
            "answer": done.answer,
            "reason": done.reason,
            "message_id": done.message_id,
            "queue": letter.queue if letter else None,
            "died_of": letter.reason if letter else None,
        },
    )
    await keep_acts(connection, [act])
    return committed
