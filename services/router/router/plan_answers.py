"""Answering dry runs: with what the router knows, and what their channels said."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from router.core.plans import Answers, OpenPlan
from router.counting import count_plan
from router.outgoing.plans import planned_event
from router.unit_of_work import UnitOfWork


def answer_plans(unit: UnitOfWork, plans: Iterable[tuple[OpenPlan, Answers]]) -> None:
    """Publish each dry run's event, and count it."""
    for plan, answers in plans:
        unit.publish(planned_event(plan, answers))
        unit.after_commit(partial(count_plan, plan.data.lane, plan.data.tenant))
