"""Changes of consent, carried out in a unit of work: rows, events and counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from herald.contracts.masking import address_hash
from herald.database.pool import Connection
from router.core.consent import EVERY, LINK, ConsentChange, ConsentChanged
from router.core.effects import Effect, Suppress
from router.core.message import Message
from router.store.suppressions import suppress, unsuppress


async def make_changes(
    connection: Connection, changes: Sequence[ConsentChange]
) -> list[ConsentChanged]:
    """Carry changes out in their order, as many at once as that allows; return what is new."""
    made: list[ConsentChanged] = []
    for kind, group in groupby(changes, key=attrgetter("kind")):
        several = list(group)
        done = await (suppress if kind == "suppressed" else unsuppress)(connection, several)
        made += [
            ConsentChanged(change=several[it.place], suppression=it.suppression) for it in done
        ]
    return made


def changes_in(effects: Iterable[tuple[Message, Effect]]) -> list[ConsentChange]:
    """Return what receipts say of their recipients, as changes."""
    noted = (
        _change_of(message, effect) for message, effect in effects if isinstance(effect, Suppress)
    )
    return [change for change in noted if change is not None]


def _change_of(message: Message, effect: Suppress) -> ConsentChange | None:
    """Return what a receipt about a message changes; None: the address was erased."""
    address = message.step(effect.attempt).address
    if not address:
        return None
    finding, receipt = effect.finding, effect.receipt
    return ConsentChange(
        kind="suppressed",
        tenant=message.tenant,
        address_hash=address_hash(address),
        address=address,
        channel=effect.attempt.channel,
        category=finding.category or EVERY,
        reasons=(finding.reason,),
        source=receipt.account or LINK,
        provider=receipt.provider or None,
        cause=effect.cause,
        message_id=message.id,
    )
