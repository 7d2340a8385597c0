"""Receipts in batches: matched to attempts, folded into messages, inbound messages passed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from pydantic import ValidationError

from herald.bus.deliveries import Delivery
from herald.config.file import HeraldFile
from herald.database.pool import Database
from herald.receipts import RECEIPT, AttemptReceipt, InboundReceipt, Pulse
from herald.text import storable
from herald.vocabulary import Lane
from router.burials import letter_from, unreadable_letter
from router.committing import Committer
from router.core.facts import Fact, Reported
from router.core.message import Message
from router.inbound import Inbound
from router.matching import match
from router.observation import observe_dead_letters
from router.poison_isolation import apply_isolated
from router.store.dead_letters import bury

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """A receipt and the delivery that brought it."""

    delivery: Delivery
    receipt: AttemptReceipt | InboundReceipt


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
            if isinstance(receipt, Pulse):
                pulses.append(receipt)
            elif _can_be_stored(receipt, delivery.body):
                items.append(Item(delivery, receipt))
            else:
                delivery.reject()
        if items:
            await apply_isolated(items, self._apply, _set_aside)
        if pulses:
            self._handled(self._lane, pulses)

    async def _apply(self, items: Sequence[Item]) -> None:
        now = self._database.now()
        attempts = [item.receipt for item in items if isinstance(item.receipt, AttemptReceipt)]
        inbound = [item.receipt for item in items if isinstance(item.receipt, InboundReceipt)]
        async with self._database.transaction() as connection:
            matched = await match(connection, attempts)
            events, homeless = await self._inbound.take(connection, inbound)
            facts: dict[UUID, list[Fact]] = {}
            for reported in matched.facts:
                facts.setdefault(reported.attempt.message_id, []).append(reported)
            committed = await self._committer.apply(
                connection, facts, now, guard=self._why_foreign, also=events
            )
            refused = [
                (fact.receipt, why) for fact, why in committed.refused if isinstance(fact, Reported)
            ]
            lost: list[tuple[AttemptReceipt | InboundReceipt, str]] = [
                *matched.strangers,
                *homeless,
                *refused,
            ]
            letters = [letter_from(receipt, why) for receipt, why in lost]
            letters += map(unreadable_letter, matched.unreadable)
            buried = await bury(connection, letters) if letters else []
        observe_dead_letters(buried)
        await self._committer.keep(committed)

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
        if account is None and receipt.source == "channel":
            self._note_missing_account(receipt.account)
            return None
        serves = (
            account is not None
            and account.provider == receipt.provider
            and account.channel == attempt.channel
            and message.tenant in account.tenants
        )
        return None if serves else "foreign_receipt"

    def _note_missing_account(self, name: str) -> None:
        """Say once that a worker has a configuration that this router has not got yet."""
        if name not in self._missing_accounts:
            self._missing_accounts.add(name)
            _log.warning("receipts.account_not_configured", account=name)


def _can_be_stored(receipt: AttemptReceipt | InboundReceipt, body: bytes) -> bool:
    """Whether PostgreSQL takes its text; only an escape brings U+0000 into JSON that was read."""
    if b"\\u0000" not in body:
        return True
    document = receipt.model_dump(mode="json")
    return bool(storable(document) == document)


async def _set_aside(item: Item, _error: Exception) -> None:
    item.delivery.reject()
