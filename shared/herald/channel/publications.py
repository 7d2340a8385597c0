"""Everything a channel's worker publishes, declared so that AsyncAPI lists it."""

from __future__ import annotations

from itertools import product

from pydantic import BaseModel

from herald.bus.brokers import Broker
from herald.bus.entities import existing_exchange
from herald.bus.publishing import declare_publication
from herald.contracts.receipt_batches import ReceiptBatch
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.topology import attempt_receipt_key, reports_exchange
from herald.contracts.vocabulary import Lane

_REPORTS: tuple[tuple[type[BaseModel], str, str], ...] = (
    (AttemptReceipt, "receipts", "What became of each attempt"),
    (ReceiptBatch, "receipt_batches", "What became of several attempts at once"),
)


def declare_publications(broker: Broker, channel: str) -> None:
    """List what a worker of a channel publishes."""
    for lane, (model, title, about) in product(Lane, _REPORTS):
        declare_publication(
            broker,
            existing_exchange(reports_exchange(channel)),
            attempt_receipt_key(channel, lane),
            model,
            title=f"{title}.{channel}.{lane}",
            description=f"{about}, {lane} lane.",
        )
