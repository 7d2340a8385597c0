"""Which broker users Herald's own services are, and what each may report. Pure.

Whoever may write to an exchange can write anything there; the broker vouches for the user alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

from herald.contracts.identifiers import ChannelName
from herald.contracts.receipts import (
    AttemptReceipt,
    InboundReceipt,
    PlannedReceipt,
    Pulse,
    Receipt,
)
from herald.contracts.vocabulary import Status

BrokerUser = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Users = tuple[BrokerUser, ...]
ChannelUsers = Annotated[
    Annotated[Users, Tag("all")]
    | Annotated[dict[ChannelName, Annotated[Users, Field(min_length=1)]], Tag("each")],
    Discriminator(lambda given: "each" if isinstance(given, dict) else "all"),
]

ROUTER, INGRESS = "router", "ingress"

# what only a worker can know: no provider reports it
_REPORTED_BY_WORKERS = frozenset(
    {
        Status.CREATED,
        Status.DISPATCHED,
        Status.STARTED,
        Status.UNKNOWN,
        Status.WITHDRAWN,
        Status.RETURNED,
    }
)


class Services(BaseModel):
    """The broker users of Herald's services; where none is named, any user passes for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    router: Users = ()  # of the routers: their own pulses, and what an operator replays
    channels: ChannelUsers = ()  # of the workers: for all channels, or a table with each
    ingress: Users = ()  # of ingress: webhooks, and its pulses
    topology: Users = ()  # of who runs `herald topology apply`; nobody else asks

    def users_of(self, channel: str) -> Users:
        """Return the users of a channel's workers."""
        return self.channels.get(channel, ()) if isinstance(self.channels, dict) else self.channels

    def may_report(self, user: str | None, receipt: Receipt | PlannedReceipt | Pulse) -> bool:
        """Say whether a broker user may report this."""
        if isinstance(receipt, Pulse):
            users = self.router if receipt.source == ROUTER else self.ingress
            return not users or user in users
        if isinstance(receipt, InboundReceipt) and user in self.users_of(receipt.channel):
            return True  # some providers need no webhooks
        if isinstance(receipt, PlannedReceipt):
            users = self.users_of(receipt.channel)
        elif not isinstance(receipt, AttemptReceipt):
            users = self.ingress
        elif receipt.source == "channel":
            users = self.users_of(receipt.channel)
        elif receipt.status in _REPORTED_BY_WORKERS:
            return False
        else:
            users = self.ingress
        return not users or user in users or user in self.router

    @property
    def own_user(self) -> str | None:
        """The router's user, where one is named: it answers for what it looked at before."""
        return self.router[0] if self.router else None

    def is_routers(self, user: str | None) -> bool:
        """Say whether work from this user is a router's."""
        return not self.router or user in self.router

    def problems(self, channels: Iterable[str]) -> Iterator[str]:
        """Say what does not fit the channels that the accounts serve."""
        if not isinstance(self.channels, dict):
            return
        wanted = set(channels)
        for name in sorted(self.channels.keys() - wanted):
            yield f"services.channels.{name}: no account serves {name!r}"
        for name in sorted(wanted - self.channels.keys()):
            yield f"services.channels: names nobody for {name!r}"


def own_user(connects_as: str | None, named: Users) -> str | None:
    """Choose the user that a service names in what it publishes; None: nobody checks it.

    `connects_as`: the user of its broker's URL; None: a client certificate says who it is.

    Raises:
        ValueError: it is none of those named, or can't be distinguished from them.
    """
    if not named:
        return None
    if connects_as is None:
        if len(named) > 1:
            raise ValueError("names several users: with auth=EXTERNAL name the one it is, alone")
        return named[0]
    if connects_as not in named:
        raise ValueError(f"does not name {connects_as!r}, the user of HERALD_AMQP_URL")
    return connects_as
