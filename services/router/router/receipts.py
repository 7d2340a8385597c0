"""Receipts in batches: matched to attempts, folded into messages, inbound messages passed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from pydantic import ValidationError

from herald.bus.deliveries import Delivery
from herald.bus.frames import Frame
from herald.config.file import HeraldFile
from herald.database.pool import Connection, Database
from herald.identifiers import AttemptId
from herald.receipts import RECEIPT, AttemptReceipt, InboundReceipt
from router import metrics
from router.burials import letter_from
from router.committing import Committer
from router.core.facts import Fact, Reported
from router.core.message import Message
from router.frames import inbound_event
from router.halving import apply_in_halves
from router.matching import match
from router.store.dead_letters import bury
from router.store.references import ReferenceKey, find_references, mark_inbound

INBOUND_PREFIX = "in:"


@dataclass(frozen=True, slots=True)
class Item:
    """A receipt and the delivery that brought it."""

    delivery: Delivery
    receipt: AttemptReceipt | InboundReceipt


class ReceiptHandler:
    """Handles batches of `router.receipts`."""

    def __init__(self, database: Database, committer: Committer, configuration: HeraldFile) -> None:
        self._database = database
        self._committer = committer
        self._accounts = configuration.accounts

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Apply a batch; what can't be read or applied is dead-lettered alone."""
        items: list[Item] = []
        for delivery in deliveries:
            try:
                items.append(Item(delivery, RECEIPT.validate_json(delivery.body)))
            except ValidationError:
                delivery.reject()
        if items:
            await apply_in_halves(items, self._apply, _set_aside)

    async def _apply(self, items: Sequence[Item]) -> None:
        now = datetime.now(UTC)
        attempts = [item.receipt for item in items if isinstance(item.receipt, AttemptReceipt)]
        inbound = [item.receipt for item in items if isinstance(item.receipt, InboundReceipt)]
        async with self._database.transaction() as connection:
            matched, foreign = await match(connection, attempts)
            events = await self._inbound_events(connection, inbound)
            facts: dict[UUID, list[Fact]] = {}
            for reported in matched:
                facts.setdefault(reported.attempt.message_id, []).append(reported)
            committed = await self._committer.apply(
                connection, facts, now, guard=self._why_foreign, also=events
            )
            strangers = [(receipt, "foreign_receipt") for receipt in foreign] + [
                (fact.receipt, why) for fact, why in committed.refused if isinstance(fact, Reported)
            ]
            if strangers:
                await bury(connection, [letter_from(receipt, why) for receipt, why in strangers])
        await self._committer.keep(committed)

    async def _inbound_events(
        self, connection: Connection, receipts: Sequence[InboundReceipt]
    ) -> list[Frame]:
        """Mark recipients' messages as seen and tell of the new ones."""
        by_key = {_inbound_key(receipt): receipt for receipt in receipts}
        if not by_key:
            return []
        new = await mark_inbound(connection, by_key)
        quoted = {
            (receipt.provider, receipt.account, receipt.in_reply_to)
            for receipt in by_key.values()
            if receipt.in_reply_to is not None
        }
        answered = await find_references(connection, quoted) if quoted else {}
        for key, receipt in by_key.items():
            metrics.INBOUND.labels(receipt.channel, str(key in new).lower()).inc()
        return [
            inbound_event(receipt, tenant, _message_of(answered, receipt))
            for key, receipt in by_key.items()
            if key in new and (tenant := self._tenant_of(receipt)) is not None
        ]

    def _tenant_of(self, receipt: InboundReceipt) -> str | None:
        """Inbound messages go to the first tenant of the account."""
        account = self._accounts.get(receipt.account)
        return account.tenants[0] if account is not None else None

    def _why_foreign(self, message: Message, fact: Fact) -> str | None:
        """Refuse a receipt from an account that has no business with the message.

        The attempt's own account may speak of it; while that is unknown, any account that serves
        the tenant on the attempt's channel.
        """
        if not isinstance(fact, Reported):
            return None
        receipt, attempt = fact.receipt, message.find(fact.attempt)
        if attempt is None:
            return "unknown_attempt"
        if receipt.source == "channel" and not receipt.account:
            return None  # it failed before an account was chosen
        if attempt.account:
            mine = (attempt.provider, attempt.account) == (receipt.provider, receipt.account)
            return None if mine else "foreign_receipt"
        account = self._accounts.get(receipt.account)
        serves = (
            account is not None
            and account.provider == receipt.provider
            and account.channel == attempt.channel
            and message.tenant in account.tenants
        )
        return None if serves else "foreign_receipt"


async def _set_aside(item: Item, _error: Exception) -> None:
    item.delivery.reject()


def _inbound_key(receipt: InboundReceipt) -> ReferenceKey:
    return (receipt.provider, receipt.account, INBOUND_PREFIX + receipt.reference)


def _message_of(answered: dict[ReferenceKey, str], receipt: InboundReceipt) -> str | None:
    if receipt.in_reply_to is None:
        return None
    text = answered.get((receipt.provider, receipt.account, receipt.in_reply_to))
    attempt = AttemptId.parse(text) if text else None
    return str(attempt.message_id) if attempt else None
