"""Texts that providers refused because their recipients had not written lately.

Whoever refuses one knows better than the router when the recipient wrote: what is kept of that is
corrected, so that the next message says a template at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from herald.config.file import HeraldFile
from router.core.facts import Fact, ReceiptArrived
from router.core.message import Message
from router.store.conversations import ClosedWindow, close_windows
from router.unit_of_work import FactsByMessage, Guard, UnitOfWork


class ClosedWindows:
    """Finds and keeps them."""

    def __init__(self, configuration: HeraldFile) -> None:
        self._accounts = configuration.accounts

    async def keep(self, unit: UnitOfWork, facts: FactsByMessage, guard: Guard) -> None:
        """Keep those among some facts that `guard` let pass."""
        refused = {
            message_id: each_refused
            for message_id, each in facts.items()
            if (each_refused := [fact for fact in each if _says_too_late(fact)])
        }
        if refused:
            messages = await unit.lock(refused)
            closed = list(self._closed(messages, refused, guard))
            if closed:
                await close_windows(unit.connection, closed)

    def _closed(
        self, messages: Mapping[UUID, Message], refused: FactsByMessage, guard: Guard
    ) -> Iterable[ClosedWindow]:
        for message_id, message in messages.items():
            for fact in refused[message_id]:
                if not isinstance(fact, ReceiptArrived) or guard(message, fact) is not None:
                    continue
                attempt = message.find(fact.attempt)
                account = self._accounts.get(fact.receipt.account)
                if attempt is None or account is None or attempt.dispatched_at is None:
                    continue
                yield ClosedWindow(
                    tenant=account.tenants[0],
                    channel=attempt.channel,
                    address=message.step(attempt).address,
                    account=fact.receipt.account,
                    dispatched_at=attempt.dispatched_at,
                )


def _says_too_late(fact: Fact) -> bool:
    return isinstance(fact, ReceiptArrived) and fact.receipt.outside_window
