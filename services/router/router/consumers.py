"""Everything the router consumes and publishes, declared so that AsyncAPI lists it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from pydantic import BaseModel

from herald.bus.batches import Handler
from herald.bus.connections import Connections
from herald.bus.entities import existing_exchange, existing_queue
from herald.bus.lane_turns import LaneTurns
from herald.bus.publishing import declare_publication
from herald.bus.subscribers import BatchSubscriber, subscribe_batches
from herald.contracts.commands import MAX_COMMAND_BYTES, CancelMessage, SendMessage
from herald.contracts.events import AccountData, CommandData, Event, InboundData, MessageData
from herald.contracts.operator_commands import DropDeadLetter, ReplayDeadLetter, ResendMessage
from herald.contracts.receipts import (
    MAX_RECEIPT_BYTES,
    AccountReceipt,
    AttemptReceipt,
    InboundReceipt,
    Pulse,
)
from herald.contracts.recipient_commands import EraseRecipient
from herald.contracts.topology import (
    CANCEL_KEY,
    COMMANDS,
    CONTROL_QUEUE,
    DEAD,
    DEAD_QUEUE,
    EARLIER_RECEIPT_KEYS,
    EARLIER_RECEIPTS_QUEUE,
    EVENTS,
    OUTBOUND,
    RECEIPTS,
    SEND_KEYS,
    UNROUTABLE,
    UNROUTABLE_QUEUE,
    account_event_key,
    attempt_receipt_key,
    command_event_key,
    commands_queue,
    inbound_event_key,
    message_event_key,
    outbound_key,
    pulse_key,
    receipts_queue,
)
from herald.contracts.vocabulary import Lane
from herald.contracts.work import Work

PREFETCH = 400  # two batches: one in hand, one on its way
MAX_BATCH = 200
MAX_BULK_BATCH = 50  # smaller, so that an urgent batch never waits long for one under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """What handles each kind of queue."""

    sends: Mapping[Lane, Handler]
    controls: Handler
    receipts: Mapping[Lane, Handler]
    unroutable: Handler
    dead_letters: Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriptions:
    """The router's consumers."""

    receipts: dict[Lane, BatchSubscriber]
    all: tuple[BatchSubscriber, ...]

    @property
    def problem(self) -> str | None:
        """The first consumer's problem, for readiness."""
        return next((item.problem for item in self.all if item.problem is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A queue the router consumes, and what AsyncAPI says of it."""

    queue: str
    exchange: str
    key: str
    models: tuple[type[BaseModel], ...]
    about: str
    largest: int = MAX_COMMAND_BYTES  # bytes of a message


SENDS: dict[Lane, Source] = {
    lane: Source(
        queue=commands_queue(lane),
        exchange=COMMANDS,
        key=key,
        models=(SendMessage,),
        about=f"Messages to deliver, {lane} lane. Each gets one answer on {EVENTS}.",
    )
    for lane, key in SEND_KEYS.items()
}
EARLIER_REPORTS = Source(
    queue=EARLIER_RECEIPTS_QUEUE,
    exchange=RECEIPTS,
    key=EARLIER_RECEIPT_KEYS[0],
    models=(AttemptReceipt, InboundReceipt),
    about="Receipts of services of version 0.1, which run beside the present ones in an upgrade.",
    largest=MAX_RECEIPT_BYTES,
)
CONTROLS = Source(
    queue=CONTROL_QUEUE,
    exchange=COMMANDS,
    key=CANCEL_KEY,
    models=(CancelMessage, EraseRecipient, ResendMessage, ReplayDeadLetter, DropDeadLetter),
    about="Commands about messages that exist, and operators' commands.",
)
REPORTS: dict[Lane, Source] = {
    lane: Source(
        queue=receipts_queue(lane),
        exchange=RECEIPTS,
        key=attempt_receipt_key("*", lane),
        models=(AttemptReceipt, InboundReceipt, AccountReceipt, Pulse)
        if lane is Lane.NORMAL
        else (AttemptReceipt, Pulse),
        about=f"Receipts of attempts, {lane} lane, from workers and webhooks."
        + (" Messages from recipients, and news about accounts." if lane is Lane.NORMAL else ""),
        largest=MAX_RECEIPT_BYTES,
    )
    for lane in Lane
}
STRAYS = Source(
    queue=UNROUTABLE_QUEUE,
    exchange=UNROUTABLE,
    key="",
    models=(SendMessage,),
    about="Commands under a routing key nobody knows; each is answered `rejected`.",
)
DEATHS = Source(
    queue=DEAD_QUEUE,
    exchange=DEAD,
    key="#",
    models=(),
    about="Frames given up, kept in PostgreSQL.",
)


def subscribe(connections: Connections, handlers: Handlers) -> Subscriptions:
    """Subscribe every handler to its queue."""
    turns = LaneTurns()

    def consume(source: Source, handler: Handler, lane: Lane | None = None) -> BatchSubscriber:
        return subscribe_batches(
            connections.consuming,
            existing_queue(source.queue, source.key),
            turns.give(handler, lane),
            prefetch=PREFETCH,
            max_batch=MAX_BULK_BATCH if lane is Lane.BULK else MAX_BATCH,
            payload_models=source.models,
            title=source.queue,
            description=source.about,
            exchange=existing_exchange(source.exchange),
            largest=source.largest,
        )

    receipts = {lane: consume(REPORTS[lane], handlers.receipts[lane], lane) for lane in Lane}
    others = (
        *(consume(SENDS[lane], handler, lane) for lane, handler in handlers.sends.items()),
        consume(EARLIER_REPORTS, handlers.receipts[Lane.NORMAL]),
        consume(CONTROLS, handlers.controls),
        consume(STRAYS, handlers.unroutable),
        consume(DEATHS, handlers.dead_letters),
    )
    return Subscriptions(receipts=receipts, all=(*receipts.values(), *others))


def declare_publications(connections: Connections, channels: tuple[str, ...]) -> None:
    """List what the router publishes."""
    broker = connections.publishing
    for channel, lane in product(channels, Lane):
        declare_publication(
            broker,
            existing_exchange(OUTBOUND),
            outbound_key(channel, lane),
            Work,
            title=f"work.{channel}.{lane}",
            description="One attempt for a channel to make.",
        )
    for lane in Lane:
        declare_publication(
            broker,
            existing_exchange(RECEIPTS),
            pulse_key(lane),
            Pulse,
            title=f"pulse.{lane}",
            description="Shows the routers how far a lane's receipts are handled.",
        )
    events: tuple[tuple[str, type[BaseModel], str], ...] = (
        (
            message_event_key("{what}", "{tenant}"),
            Event[MessageData],
            "What happened to a message.",
        ),
        (command_event_key("{answer}", "{tenant}"), Event[CommandData], "The answer to a command."),
        (inbound_event_key("{channel}", "{tenant}"), Event[InboundData], "A recipient's message."),
        (account_event_key("updated", "{tenant}"), Event[AccountData], "News about an account."),
    )
    for key, model, about in events:
        declare_publication(
            connections.events or broker,
            existing_exchange(EVENTS),
            key,
            model,
            title=key.split(".")[0],
            description=about,
            mandatory=False,
        )
