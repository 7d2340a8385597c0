"""Dry runs: messages that are never stored, each answered with what would become of it.

The row of a dry run is where the answers of its channels meet, whichever routers take them. It is
gone once the last one is there, or when its time is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from herald.contracts.identifiers import AttemptId
from herald.contracts.receipts import PlannedReceipt
from router.clearances.source import Hop
from router.commands import Candidate, Rejection
from router.core.clearance import Clearance
from router.core.plans import Answers, ChannelAnswer, OpenPlan
from router.counting import PLANNED
from router.handlers.taken import part_taken
from router.outgoing.contents import by_channel
from router.outgoing.plans import REFUSED, duplicate_plan, open_plan, questions
from router.plan_answers import answer_plans
from router.store.plans import add_answers, insert_plans
from router.unit_of_work import UnitOfWork

WAIT = timedelta(seconds=5)  # for channels' answers


async def plan_messages(unit: UnitOfWork, candidates: Sequence[Candidate]) -> None:
    """Answer dry runs: those that no channel need be asked about at once."""
    free = await _answer_taken(unit, candidates)
    if unit.traces is not None:
        for candidate in free:
            unit.traces.answered(candidate.envelope.trace, PLANNED)
    cleared = await unit.preview([hop for one in free for hop in _hops(one)])
    opened: dict[UUID, tuple[Candidate, OpenPlan, dict[int, Clearance]]] = {}
    for candidate in free:
        clearances = {hop.step: cleared[hop.key] for hop in _hops(candidate) if hop.key in cleared}
        plan = open_plan(candidate, clearances, unit.now)
        if plan.asked:
            opened[plan.id] = candidate, plan, clearances
        else:
            answer_plans(unit, [(plan, {})])
    if not opened:
        return
    plans = [plan for _, plan, _ in opened.values()]
    for name in await insert_plans(unit.connection, plans, WAIT):
        candidate, plan, clearances = opened[name]
        contents = by_channel(candidate.contents)
        unit.publish(*questions(candidate, plan, clearances, contents, unit.now))


async def take_answers(unit: UnitOfWork, receipts: Sequence[PlannedReceipt]) -> None:
    """Take in what channels say; a dry run that has all its answers is answered."""
    said: dict[UUID, dict[int, ChannelAnswer]] = {}
    for receipt in receipts:
        attempt = AttemptId.parse(receipt.attempt_id)
        if attempt is not None:
            answer = ChannelAnswer(plan=receipt.plan)
            said.setdefault(attempt.message_id, {})[attempt.step] = answer
    await _take(unit, said)


async def take_refusals(unit: UnitOfWork, attempts: Sequence[AttemptId]) -> None:
    """Take in which questions no worker could read, or answer without a fault."""
    said: dict[UUID, dict[int, ChannelAnswer]] = {}
    for attempt in attempts:
        answer = ChannelAnswer(no_answer=REFUSED)
        said.setdefault(attempt.message_id, {})[attempt.step] = answer
    await _take(unit, said)


async def _take(unit: UnitOfWork, said: Mapping[UUID, Answers]) -> None:
    if said:
        complete = await add_answers(unit.connection, said)
        answer_plans(unit, complete)


async def _answer_taken(unit: UnitOfWork, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Answer dry runs whose id or key a message has; return the others."""
    free, taken = await part_taken(unit.connection, candidates)
    for candidate, _holder, answer in taken:
        if isinstance(answer, Rejection):
            unit.reject(answer, keep_body=False)
        else:
            plan = duplicate_plan(candidate, answer.status, unit.now)
            answer_plans(unit, [(plan, {})])
    return free


def _hops(candidate: Candidate) -> list[Hop]:
    message = candidate.message
    steps = range(1, len(message.plan.steps) + 1)
    return [Hop(message, step, is_dry_run=True) for step in steps]
