"""Everything the router consumes, declared so that AsyncAPI lists it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from pydantic import BaseModel

from herald.bus.batches import Handler
from herald.bus.buffers import Count, Group
from herald.bus.connections import Connections
from herald.bus.entities import existing_exchange, existing_queue
from herald.bus.lane_turns import LaneTurns
from herald.bus.receipt_batches import receipts_in
from herald.bus.subscribers import BatchSubscriber, subscribe_batches
from herald.contracts.commands import MAX_COMMAND_BYTES, CancelMessage, SendMessage
from herald.contracts.operator_commands import DropDeadLetter, ReplayDeadLetter, ResendMessage
from herald.contracts.receipt_batches import ReceiptBatch
from herald.contracts.receipts import (
    MAX_RECEIPT_BYTES,
    AccountReceipt,
    AttemptReceipt,
    InboundReceipt,
    PlannedReceipt,
    Pulse,
)
from herald.contracts.recipient_commands import (
    EraseRecipient,
    SuppressRecipient,
    UnsuppressRecipient,
)
from herald.contracts.topology import (
    CANCEL_KEY,
    COMMANDS,
    CONTROL_QUEUE,
    DEAD,
    DEAD_QUEUE,
    EARLIER_RECEIPT_KEYS,
    EARLIER_RECEIPTS,
    EARLIER_RECEIPTS_QUEUE,
    EVENTS,
    RECEIPTS,
    SEND_KEYS,
    UNROUTABLE,
    UNROUTABLE_QUEUE,
    attempt_receipt_key,
    commands_queue,
    receipts_queue,
)
from herald.contracts.vocabulary import Lane

PREFETCH = 400  # two batches: one in hand, one on its way
# Of send commands, which bytes bound, too. Tenants take turns among the commands that are here, so
# that the commands of one are answered soon behind some thousands of another's.
SEND_PREFETCH = 8000
MAX_BATCH = 200
MAX_BULK_BATCH = 50  # smaller, so that an urgent batch never waits long for one under way


class Handlers(Struct, frozen=True, kw_only=True):
    """What handles each kind of queue."""

    sends: Mapping[Lane, Handler]
    control: Handler
    receipts: Mapping[Lane, Handler]
    unroutable: Handler
    dead_letters: Handler


class Subscriptions(Struct, frozen=True, kw_only=True):
    """The router's consumers."""

    receipts: dict[Lane, BatchSubscriber]
    all: tuple[BatchSubscriber, ...]

    @property
    def problem(self) -> str | None:
        """The first consumer's problem, for readiness."""
        return next((item.problem for item in self.all if item.problem is not None), None)


class Queue(Struct, frozen=True, kw_only=True):
    """A queue the router consumes, and what AsyncAPI says of it."""

    name: str
    exchange: str
    key: str
    models: tuple[type[BaseModel], ...]
    about: str
    largest: int = MAX_COMMAND_BYTES  # bytes of a message


SEND_QUEUES: dict[Lane, Queue] = {
    lane: Queue(
        name=commands_queue(lane),
        exchange=COMMANDS,
        key=key,
        models=(SendMessage,),
        about=f"Messages to deliver, {lane} lane. Each gets one answer on {EVENTS}.",
    )
    for lane, key in SEND_KEYS.items()
}
RECEIPTS_WITHOUT_LANES = Queue(
    name=EARLIER_RECEIPTS_QUEUE,
    exchange=EARLIER_RECEIPTS,
    key=EARLIER_RECEIPT_KEYS[0],
    models=(AttemptReceipt, InboundReceipt),
    about="Receipts of services of version 0.1, which run beside the present ones in an upgrade.",
    largest=MAX_RECEIPT_BYTES,
)
CONTROL = Queue(
    name=CONTROL_QUEUE,
    exchange=COMMANDS,
    key=CANCEL_KEY,
    models=(
        CancelMessage,
        EraseRecipient,
        SuppressRecipient,
        UnsuppressRecipient,
        ResendMessage,
        ReplayDeadLetter,
        DropDeadLetter,
    ),
    about="Commands about messages that exist and about recipients, and operators' commands.",
)
RECEIPT_QUEUES: dict[Lane, Queue] = {
    lane: Queue(
        name=receipts_queue(lane),
        exchange=RECEIPTS,
        key=attempt_receipt_key("*", lane),
        models=(AttemptReceipt, ReceiptBatch, InboundReceipt, AccountReceipt, PlannedReceipt, Pulse)
        if lane is Lane.NORMAL
        else (AttemptReceipt, ReceiptBatch, PlannedReceipt, Pulse),
        about=f"Receipts of attempts, {lane} lane, from workers and webhooks."
        + (" Messages from recipients, and news about accounts." if lane is Lane.NORMAL else ""),
        largest=MAX_RECEIPT_BYTES,
    )
    for lane in Lane
}
UNROUTABLE_COMMANDS = Queue(
    name=UNROUTABLE_QUEUE,
    exchange=UNROUTABLE,
    key="",
    models=(SendMessage,),
    about="Commands under a routing key nobody knows; each is answered `rejected`.",
)
DEAD_LETTERS = Queue(
    name=DEAD_QUEUE,
    exchange=DEAD,
    key="#",
    models=(),
    about="Messages given up, kept in PostgreSQL.",
)


def subscribe(
    connections: Connections, handlers: Handlers, tenant_of: Group, turns: LaneTurns
) -> Subscriptions:
    """Subscribe every handler to its queue; send commands are taken tenant by tenant."""

    def consume(
        queue: Queue,
        handler: Handler,
        lane: Lane | None = None,
        *,
        prefetch: int = PREFETCH,
        group: Group | None = None,
        count: Count | None = None,
    ) -> BatchSubscriber:
        return subscribe_batches(
            connections.consuming,
            existing_queue(queue.name, queue.key),
            turns.give(handler, lane),
            prefetch=prefetch,
            max_batch=MAX_BULK_BATCH if lane is Lane.BULK else MAX_BATCH,
            payload_models=queue.models,
            title=queue.name,
            description=queue.about,
            exchange=existing_exchange(queue.exchange),
            largest=queue.largest,
            group=group,
            count=count,
        )

    def consume_sends(lane: Lane, handler: Handler) -> BatchSubscriber:
        return consume(SEND_QUEUES[lane], handler, lane, prefetch=SEND_PREFETCH, group=tenant_of)

    receipts = {
        lane: consume(RECEIPT_QUEUES[lane], handlers.receipts[lane], lane, count=receipts_in)
        for lane in Lane
    }
    others = (
        *(consume_sends(lane, handler) for lane, handler in handlers.sends.items()),
        consume(RECEIPTS_WITHOUT_LANES, handlers.receipts[Lane.NORMAL]),
        consume(CONTROL, handlers.control),
        consume(UNROUTABLE_COMMANDS, handlers.unroutable),
        # receipts that were given up are handled again, as many at a time as others
        consume(DEAD_LETTERS, handlers.dead_letters, count=receipts_in),
    )
    return Subscriptions(receipts=receipts, all=(*receipts.values(), *others))
