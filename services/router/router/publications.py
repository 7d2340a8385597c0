"""Everything the router publishes, declared so that AsyncAPI lists it."""

from __future__ import annotations

from itertools import product

from pydantic import BaseModel

from herald.bus.connections import Connections
from herald.bus.entities import existing_exchange
from herald.bus.publishing import declare_publication
from herald.contracts.events import (
    AccountData,
    CommandData,
    Event,
    InboundData,
    MessageData,
    RecipientData,
)
from herald.contracts.plans import PlannedData
from herald.contracts.receipts import Pulse
from herald.contracts.topology import (
    EVENTS,
    OUTBOUND,
    RECEIPTS,
    account_event_key,
    command_event_key,
    inbound_event_key,
    message_event_key,
    outbound_key,
    pulse_key,
    recipient_event_key,
)
from herald.contracts.vocabulary import Lane
from herald.contracts.work import Work

PLANNED = "planned"
PUBLIC_EVENTS: tuple[tuple[str, type[BaseModel], str], ...] = (
    (
        message_event_key("{what}", "{tenant}"),
        Event[MessageData],
        "What happened to a message.",
    ),
    (
        message_event_key(PLANNED, "{tenant}"),
        Event[PlannedData],
        "The answer to a dry run.",
    ),
    (command_event_key("{answer}", "{tenant}"), Event[CommandData], "The answer to a command."),
    (inbound_event_key("{channel}", "{tenant}"), Event[InboundData], "A recipient's message."),
    (account_event_key("updated", "{tenant}"), Event[AccountData], "News about an account."),
    (
        recipient_event_key("{what}", "{tenant}"),
        Event[RecipientData],
        "Who gets no more messages, or gets them again.",
    ),
)


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
    for key, model, about in PUBLIC_EVENTS:
        declare_publication(
            connections.events or broker,
            existing_exchange(EVENTS),
            key,
            model,
            title=PLANNED if model is Event[PlannedData] else key.split(".")[0],
            description=about,
            mandatory=False,
        )
