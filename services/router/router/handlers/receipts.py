"""Receipts in batches: facts for the messages of their attempts, and news of other kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar
from uuid import UUID

from herald.bus.deliveries import Delivery
from herald.config.file import HeraldFile
from herald.contracts.identifiers import AttemptId
from herald.contracts.receipts import (
    AccountReceipt,
    AttemptReceipt,
    InboundReceipt,
    PlannedReceipt,
    Pulse,
    Receipt,
)
from herald.contracts.trace_context import TraceContext
from herald.contracts.vocabulary import Lane
from herald.database.pool import is_outage
from herald.tracing.spans import trace_of
from router.batches import apply_isolated
from router.core.consent import changes_by_links
from router.core.facts import Fact, ReceiptArrived, name_of
from router.dead_letters import (
    REJECTED,
    DeadLetter,
    dead_letter_from_part,
    dead_letter_from_receipt,
    dead_letter_from_unreadable,
)
from router.handlers.account_updates import AccountUpdates
from router.handlers.closed_windows import ClosedWindows
from router.handlers.correlation import correlate
from router.handlers.foreign_receipts import FOREIGN_USER, ForeignUsers, Ownership
from router.handlers.inbound import InboundMessages
from router.handlers.plans import take_answers
from router.parsing.receipts import Item, read_receipts
from router.traces import begin_traces
from router.unit_of_work import UnitOfWork, UnitsOfWork

R = TypeVar("R", Receipt, PlannedReceipt, Pulse)


class ReceiptHandler:
    """Handles batches of one lane's receipts; `handled` takes the pulses among them."""

    def __init__(
        self,
        lane: Lane,
        units: UnitsOfWork,
        configuration: HeraldFile,
        *,
        handled: Callable[[Lane, Sequence[Pulse]], None],
    ) -> None:
        self._lane = lane
        self._handled = handled
        self._units = units
        self._inbound = InboundMessages(configuration)
        self._updates = AccountUpdates(configuration)
        self._closed_windows = ClosedWindows(configuration)
        self._services = configuration.services
        self._ownership = Ownership(configuration)
        self._foreign_users = ForeignUsers()

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Apply a batch; what can't be read or applied is dead-lettered alone."""
        arrived = read_receipts(deliveries)
        if arrived.receipts:
            await apply_isolated(arrived.receipts, self._apply, self._set_aside, _name)
        for delivery, body in arrived.unreadable:
            await self._keep(dead_letter_from_part(delivery, body), delivery)
        if answers := self._allowed(arrived.answers):
            async with self._units.begin() as unit:
                await take_answers(unit, answers)
        if pulses := self._allowed(arrived.pulses):
            self._handled(self._lane, pulses)

    async def _apply(self, items: Sequence[Item[Receipt]]) -> None:
        allowed: list[Receipt] = []
        refused: list[Item[Receipt]] = []
        for item in items:
            if self._may_report(item):
                allowed.append(item.receipt)
            else:
                refused.append(item)
        attempts = [receipt for receipt in allowed if isinstance(receipt, AttemptReceipt)]
        inbound = [receipt for receipt in allowed if isinstance(receipt, InboundReceipt)]
        updates = [receipt for receipt in allowed if isinstance(receipt, AccountReceipt)]
        traces = begin_traces()
        if traces is not None:
            for item in items:
                traces.source(item.receipt, item.delivery.headers)
        async with self._units.begin(traces=traces) as unit:
            unit.consent += changes_by_links(attempts)
            no_others = len(attempts) == len(allowed)  # which write references, too
            correlated = await correlate(unit.connection, attempts, locks=no_others)
            unit.hold(correlated.locked)
            lost: list[tuple[Receipt, str]] = [
                *correlated.foreign,
                *await self._inbound.apply(unit, inbound),
                *await self._updates.apply(unit, updates),
            ]
            facts: dict[UUID, list[Fact]] = {}
            for arrived in correlated.facts:
                facts.setdefault(arrived.attempt.message_id, []).append(arrived)
            for fact, why in await unit.apply(facts, guard=self._ownership.why_foreign):
                # of a link only the event is lost: its message is gone, its wish is kept
                if isinstance(fact, ReceiptArrived) and fact.receipt.recipient is None:
                    lost.append((fact.receipt, why))
            await self._closed_windows.keep(unit, facts, self._ownership.why_foreign)
            users = {name_of(item.receipt): item.delivery.user_id for item in items if lost}
            own = self._services.own_user
            for receipt, why in lost:
                user = users.get(name_of(receipt), own)
                unit.dead_letter(dead_letter_from_receipt(receipt, why, user))
            unit.dead_letter(*map(dead_letter_from_unreadable, correlated.unreadable))
            for item in refused:
                self._refuse(unit, item)

    async def _set_aside(self, item: Item[Receipt], _error: Exception) -> None:
        """Give one up that can't be applied, and nothing that came in the same message."""
        if item.is_alone:
            item.delivery.reject()
            return
        user = item.delivery.user_id
        await self._keep(dead_letter_from_receipt(item.receipt, REJECTED, user), item.delivery)

    async def _keep(self, dead_letter: DeadLetter, delivery: Delivery) -> None:
        """Keep a part of a message; if that fails the whole of it is dead-lettered."""
        try:
            async with self._units.begin() as unit:
                unit.dead_letter(dead_letter)
        except Exception as error:
            if is_outage(error):
                raise
            delivery.reject()

    def _refuse(self, unit: UnitOfWork, item: Item[Receipt]) -> None:
        """Keep a report by a broker user that may not give it."""
        user, receipt = item.delivery.user_id, item.receipt
        unit.dead_letter(dead_letter_from_receipt(receipt, FOREIGN_USER, user))
        unit.after_commit(partial(self._foreign_users.note, user, receipt))

    def _allowed(self, items: Sequence[Item[R]]) -> list[R]:
        """Return what its broker user may report; the rest is noted and dropped."""
        allowed: list[R] = []
        for item in items:
            if self._may_report(item):
                allowed.append(item.receipt)
            else:
                self._foreign_users.note(item.delivery.user_id, item.receipt)
        return allowed

    def _may_report(self, item: Item[R]) -> bool:
        return self._services.may_report(item.delivery.user_id, item.receipt)


def _name(item: Item[Receipt]) -> dict[str, str]:
    """Name the message and the attempt that a receipt is about, as far as it says."""
    receipt = item.receipt
    attempt = receipt.attempt_id if isinstance(receipt, AttemptReceipt) else None
    parsed = AttemptId.parse(attempt) if attempt else None
    named = {"message_id": str(parsed.message_id), "attempt_id": str(parsed)} if parsed else {}
    return named | trace_of(TraceContext.read(item.delivery.headers))
