"""Dry runs whose channels did not all answer in time: they are answered with what is known."""

from __future__ import annotations

from herald.database.pool import Database
from herald.service.periodic import JITTER, Periodic
from router.plan_answers import answer_plans
from router.store.plans import some_plan_is_due, take_due_plans
from router.unit_of_work import UnitsOfWork

SCAN_SECONDS = 1.0
BATCH = 100


class DuePlans:
    """Ends dry runs; any number of routers may do so at once."""

    def __init__(self, database: Database, units: UnitsOfWork) -> None:
        self._database = database
        self._units = units

    async def run(self) -> None:
        """Look every second until cancelled."""
        await Periodic("plans", self.turn, SCAN_SECONDS, jitter=JITTER).run()

    async def turn(self) -> bool:
        """Answer those whose time is over; return whether there may be more."""
        async with self._database.connection() as connection:
            if not await some_plan_is_due(connection):
                return False
        async with self._units.begin() as unit:
            due = await take_due_plans(unit.connection, BATCH)
            answer_plans(unit, due)
        return len(due) == BATCH
