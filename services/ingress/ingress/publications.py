"""Everything ingress publishes, declared so that AsyncAPI lists it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from pydantic import BaseModel

from herald.bus.brokers import Broker
from herald.bus.entities import existing_exchange
from herald.bus.publishing import declare_publication
from herald.contracts.receipt_batches import ReceiptBatch
from herald.contracts.receipts import AccountReceipt, AttemptReceipt, InboundReceipt, Pulse
from herald.contracts.topology import (
    DEAD,
    QUARANTINE_KEY,
    RECEIPTS,
    account_receipt_key,
    attempt_receipt_key,
    inbound_receipt_key,
    pulse_key,
)
from herald.contracts.vocabulary import Lane
from ingress.quarantine import Quarantined

_STATUSES: tuple[tuple[type[BaseModel], str, str], ...] = (
    (AttemptReceipt, "webhook.attempt", "A provider's status of an attempt"),
    (ReceiptBatch, "webhook.attempts", "Providers' statuses of several attempts"),
)


def declare_publications(broker: Broker, channels: Iterable[str]) -> None:
    """List what ingress publishes about each channel whose providers call it."""
    receipts = existing_exchange(RECEIPTS)
    for channel in sorted(channels):
        for lane, (model, title, about) in product(Lane, _STATUSES):
            declare_publication(
                broker,
                receipts,
                attempt_receipt_key(channel, lane),
                model,
                title=f"{title}.{channel}.{lane}",
                description=f"{about}, {lane} lane.",
            )
        declare_publication(
            broker,
            receipts,
            inbound_receipt_key(channel),
            InboundReceipt,
            title=f"webhook.inbound.{channel}",
            description="A message from a recipient.",
        )
        declare_publication(
            broker,
            receipts,
            account_receipt_key(channel),
            AccountReceipt,
            title=f"webhook.account.{channel}",
            description="News about an account at its provider.",
        )
    declare_publication(
        broker,
        receipts,
        pulse_key(Lane.NORMAL),
        Pulse,
        title="webhook.pulse",
        description="Shows the routers, once a second, that webhooks can be taken.",
    )
    declare_publication(
        broker,
        existing_exchange(DEAD),
        QUARANTINE_KEY,
        Quarantined,
        title=QUARANTINE_KEY,
        description="A piece of a webhook that was authentic and well formed, but not understood.",
    )
