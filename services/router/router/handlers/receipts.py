"""Receipts in batches: matched to attempts, folded into messages, inbound messages passed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from pydantic import ValidationError

from herald.bus.deliveries import Delivery
from herald.config.file import HeraldFile
from herald.contracts.receipts import (
    RECEIPT,
    AccountReceipt,
    AttemptReceipt,
    InboundReceipt,
    Pulse,
    Receipt,
)
from herald.contracts.text import storable
from herald.contracts.vocabulary import Lane
from herald.database.pool import Database
from router.committing import Committer
from router.core.facts import Fact, ReceiptArrived
from router.core.message import Attempt, Message
from router.counting import observe_dead_letters
from router.dead_letters import DeadLetter, dead_letter_from_receipt, dead_letter_from_unreadable
from router.handlers.account_updates import AccountUpdates
from router.handlers.correlation import match
from router.handlers.inbound import Inbound
from router.handlers.refused_reports import FOREIGN_USER, RefusedReports
from router.poison_isolation import apply_isolated
from router.store.dead_letters import insert_dead_letters

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """A receipt and the delivery that brought it."""

    delivery: Delivery
    receipt: Receipt
    may_be_told: bool = True  # by the broker user that published it


class ReceiptHandler:
    """Handles batches of one lane's receipts; `handled` takes the pulses among them."""

    def __init__(
        self,
        lane: Lane,
        database: Database,
        committer: Committer,
        configuration: HeraldFile,
        *,
        handled: Callable[[Lane, Sequence[Pulse]], None],
    ) -> None:
        self._lane = lane
        self._handled = handled
        self._database = database
        self._committer = committer
        self._accounts = configuration.accounts
        self._inbound = Inbound(configuration)
        self._updates = AccountUpdates(configuration)
        self._services = configuration.services
        self._refused = RefusedReports()
        self._missing_accounts: set[str] = set()

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Apply a batch; what can't be read or applied is dead-lettered alone."""
        items: list[Item] = []
        pulses: list[Pulse] = []
        for delivery in deliveries:
            try:
                receipt = RECEIPT.validate_json(delivery.body)
            except ValidationError:
                delivery.reject()
                continue
            allowed = self._services.may_report(delivery.user_id, receipt)
            if not allowed:
                self._refused.note(delivery.user_id, receipt)
            if isinstance(receipt, Pulse):
                if allowed:
                    pulses.append(receipt)
            elif _can_be_stored(receipt, delivery.body):
                items.append(Item(delivery, receipt, allowed))
            else:
                delivery.reject()
        if items:
            await apply_isolated(items, self._apply, _set_aside)
        if pulses:
            self._handled(self._lane, pulses)

    async def _apply(self, items: Sequence[Item]) -> None:
        now = self._database.now()
        told = [item.receipt for item in items if item.may_be_told]
        attempts = [receipt for receipt in told if isinstance(receipt, AttemptReceipt)]
        inbound = [receipt for receipt in told if isinstance(receipt, InboundReceipt)]
        updates = [receipt for receipt in told if isinstance(receipt, AccountReceipt)]
        async with self._database.transaction() as connection:
            matched = await match(connection, attempts)
            events, homeless = await self._inbound.take(connection, inbound)
            news, nobodys = await self._updates.take(connection, updates)
            facts: dict[UUID, list[Fact]] = {}
            for reported in matched.facts:
                facts.setdefault(reported.attempt.message_id, []).append(reported)
            committed = await self._committer.apply(
                connection, facts, now, guard=self._why_foreign, also=[*events, *news]
            )
            refused = [
                (fact.receipt, why)
                for fact, why in committed.refused
                if isinstance(fact, ReceiptArrived)
            ]
            lost: list[tuple[Receipt, str]] = [
                *matched.strangers,
                *homeless,
                *nobodys,
                *refused,
            ]
            users = {id(item.receipt): item.delivery.user_id for item in items}
            own = self._services.own_user
            letters = [
                dead_letter_from_receipt(one, why, users.get(id(one), own)) for one, why in lost
            ]
            letters += [
                _dead_letter_of_foreign_user(item) for item in items if not item.may_be_told
            ]
            letters += map(dead_letter_from_unreadable, matched.unreadable)
            buried = await insert_dead_letters(connection, letters)
        observe_dead_letters(buried)
        await self._committer.keep(committed)

    def _why_foreign(self, message: Message, fact: Fact) -> str | None:
        """Refuse a receipt from an account that has no business with the message."""
        if not isinstance(fact, ReceiptArrived):
            return None
        attempt = message.find(fact.attempt)
        if attempt is None:
            return "unknown_attempt"
        return None if self._belongs(message, attempt, fact.receipt) else "foreign_receipt"

    def _belongs(self, message: Message, attempt: Attempt, receipt: AttemptReceipt) -> bool:
        """Tell whether the receipt's account may speak of the attempt.

        The attempt's own may; while that is unknown, any account that serves the tenant on the
        attempt's channel. A worker speaks of its own channel's attempts only.
        """
        by_worker = receipt.source == "channel"
        if by_worker and receipt.channel != attempt.channel:
            return False
        if by_worker and not receipt.account:
            return True  # it failed before an account was chosen
        if attempt.account:
            return (attempt.provider, attempt.account) == (receipt.provider, receipt.account)
        account = self._accounts.get(receipt.account)
        if account is None and by_worker:
            self._note_missing_account(receipt.account)
            return True
        return (
            account is not None
            and account.provider == receipt.provider
            and account.channel == attempt.channel
            and message.tenant in account.tenants
        )

    def _note_missing_account(self, name: str) -> None:
        """Say once that a worker has a configuration that this router has not got yet."""
        if name not in self._missing_accounts:
            self._missing_accounts.add(name)
            _log.warning("receipts.account_not_configured", account=name)


def _can_be_stored(receipt: Receipt, body: bytes) -> bool:
    """Whether PostgreSQL takes its text; only an escape brings U+0000 into JSON that was read."""
    if b"\\u0000" not in body:
        return True
    document = receipt.model_dump(mode="json")
    return bool(storable(document) == document)


async def _set_aside(item: Item, _error: Exception) -> None:
    item.delivery.reject()


def _dead_letter_of_foreign_user(item: Item) -> DeadLetter:
    return dead_letter_from_receipt(item.receipt, FOREIGN_USER, item.delivery.user_id)
