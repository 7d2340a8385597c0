"""Receipts in batches: facts for the messages of their attempts, and news of other kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from pydantic import ValidationError

from herald.bus.deliveries import Delivery
from herald.config.file import HeraldFile
from herald.contracts.identifiers import AttemptId
from herald.contracts.receipts import (
    RECEIPT,
    AccountReceipt,
    AttemptReceipt,
    InboundReceipt,
    PlannedReceipt,
    Pulse,
    Receipt,
)
from herald.contracts.text import storable
from herald.contracts.trace_context import TraceContext
from herald.contracts.vocabulary import Lane
from herald.tracing.spans import trace_of
from router.batches import apply_isolated
from router.core.consent import changes_by_links
from router.core.facts import Fact, ReceiptArrived
from router.dead_letters import dead_letter_from_receipt, dead_letter_from_unreadable
from router.handlers.account_updates import AccountUpdates
from router.handlers.closed_windows import ClosedWindows
from router.handlers.correlation import correlate
from router.handlers.foreign_receipts import FOREIGN_USER, ForeignUsers, Ownership
from router.handlers.inbound import InboundMessages
from router.handlers.plans import take_answers
from router.traces import begin_traces
from router.unit_of_work import UnitOfWork, UnitsOfWork


@dataclass(frozen=True, slots=True)
class Item:
    """A receipt and the delivery that brought it."""

    delivery: Delivery
    receipt: Receipt
    is_allowed: bool = True  # the broker user that published it may report it


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
        items: list[Item] = []
        pulses: list[tuple[Delivery, Pulse]] = []
        answers: list[PlannedReceipt] = []
        for delivery in deliveries:
            try:
                receipt = RECEIPT.validate_json(delivery.body)
            except ValidationError:
                delivery.reject()
                continue
            if isinstance(receipt, Pulse):
                pulses.append((delivery, receipt))
            elif isinstance(receipt, PlannedReceipt):
                if self._services.may_report(delivery.user_id, receipt):
                    answers.append(receipt)
                else:
                    self._foreign_users.note(delivery.user_id, receipt)
            elif _can_be_stored(receipt, delivery.body):
                allowed = self._services.may_report(delivery.user_id, receipt)
                items.append(Item(delivery, receipt, allowed))
            else:
                delivery.reject()
        if items:
            await apply_isolated(items, self._apply, _dead_letter, _name)
        if answers:
            async with self._units.begin() as unit:
                await take_answers(unit, answers)
        if pulses:
            self._take_pulses(pulses)

    async def _apply(self, items: Sequence[Item]) -> None:
        allowed = [item.receipt for item in items if item.is_allowed]
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
            users = {id(item.receipt): item.delivery.user_id for item in items}
            own = self._services.own_user
            for receipt, why in lost:
                user = users.get(id(receipt), own)
                unit.dead_letter(dead_letter_from_receipt(receipt, why, user))
            unit.dead_letter(*map(dead_letter_from_unreadable, correlated.unreadable))
            for item in items:
                if not item.is_allowed:
                    self._refuse(unit, item)

    def _refuse(self, unit: UnitOfWork, item: Item) -> None:
        """Keep a report by a broker user that may not give it."""
        user, receipt = item.delivery.user_id, item.receipt
        unit.dead_letter(dead_letter_from_receipt(receipt, FOREIGN_USER, user))
        unit.after_commit(partial(self._foreign_users.note, user, receipt))

    def _take_pulses(self, pulses: Sequence[tuple[Delivery, Pulse]]) -> None:
        allowed: list[Pulse] = []
        for delivery, pulse in pulses:
            if self._services.may_report(delivery.user_id, pulse):
                allowed.append(pulse)
            else:
                self._foreign_users.note(delivery.user_id, pulse)
        if allowed:
            self._handled(self._lane, allowed)


def _can_be_stored(receipt: Receipt, body: bytes) -> bool:
    """Whether PostgreSQL takes its text; only an escape brings U+0000 into JSON that was read."""
    if b"\\u0000" not in body:
        return True
    document = receipt.model_dump(mode="json")
    return bool(storable(document) == document)


def _name(item: Item) -> dict[str, str]:
    """Name the message and the attempt that a receipt is about, as far as it says."""
    receipt = item.receipt
    attempt = receipt.attempt_id if isinstance(receipt, AttemptReceipt) else None
    parsed = AttemptId.parse(attempt) if attempt else None
    named = {"message_id": str(parsed.message_id), "attempt_id": str(parsed)} if parsed else {}
    return named | trace_of(TraceContext.read(item.delivery.headers))


async def _dead_letter(item: Item, _error: Exception) -> None:
    item.delivery.reject()
