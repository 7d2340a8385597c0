"""Changes of consent, carried out in a unit of work: rows, events and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from herald.contracts.masking import address_hash
from herald.database.pool import Connection
from router.core.consent import EVERY, ConsentChange, Suppression
from router.core.effects import Suppress
from router.core.message import Message
from router.store.suppressions import suppress, unsuppress


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A change that changed something, and what."""

    change: ConsentChange
    suppression: Suppression


async def make_changes(connection: Connection, changes: Sequence[ConsentChange]) -> list[Made]:
    """Carry changes out in their order, as many at once as that allows; return what is new."""
    made: list[Made] = []
    for kind, group in groupby(changes, key=attrgetter("kind")):
        several = list(group)
        done = await (suppress if kind == "suppressed" else unsuppress)(connection, several)
        made += [Made(change=several[it.place], suppression=it.suppression) for it in done]
    return made


def change_of(message: Message, effect: Suppress) -> ConsentChange | None:
    """Return what a receipt about a message changes; None: its address was erased."""
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
        source=receipt.account,
        provider=receipt.provider,
        cause=effect.cause,
        message_id=message.id,
    )
