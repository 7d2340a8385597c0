"""The whole bus on one page: exchanges, queues, bindings, keys and policies. Data only.

Only this file names an exchange, a queue or a routing key. `herald topology apply` declares what
`topology_for` returns; services declare nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

from herald.contracts.identifiers import TENANT_PATTERN
from herald.contracts.vocabulary import Lane

COMMANDS = "herald.commands"  # users -> router
OUTBOUND = "herald.outbound"  # router -> channels
RECEIPTS = "herald.receipts"  # channels and ingress -> router
EVENTS = "herald.events"  # router -> users
DEAD = "herald.dead"  # broker and ingress (quarantine) -> router
UNROUTABLE = "herald.unroutable"  # commands with a key nobody knows -> router

CONTROL_QUEUE = "router.control"
# Of services that know no lanes (0.1 and before); the present ones publish nothing to it.
EARLIER_RECEIPTS_QUEUE = "router.receipts"
EARLIER_RECEIPT_KEYS = ("attempt.*", "inbound.*")
UNROUTABLE_QUEUE = "router.unroutable"
DEAD_QUEUE = "herald.dead"

SEND_KEYS: Mapping[Lane, str] = {
    Lane.URGENT: "message.send.urgent",
    Lane.NORMAL: "message.send",
    Lane.BULK: "message.send.bulk",
}
CANCEL_KEY = "message.cancel"
SUPPRESS_KEY = "recipient.suppress"
UNSUPPRESS_KEY = "recipient.unsuppress"
ERASE_KEY = "recipient.erase"
RESEND_KEY = "message.resend"
REPLAY_KEY = "dead_letter.replay"
DROP_KEY = "dead_letter.drop"
# only from the broker users whom the configuration calls operators
OPERATOR_KEYS = (RESEND_KEY, REPLAY_KEY, DROP_KEY)
CONTROL_KEYS = (CANCEL_KEY, SUPPRESS_KEY, UNSUPPRESS_KEY, ERASE_KEY, *OPERATOR_KEYS)
COMMAND_KEYS = (*SEND_KEYS.values(), *CONTROL_KEYS)
QUARANTINE_KEY = "ingress.quarantine"  # on `herald.dead`: authentic, well formed, not understood

USER_QUEUE_PATTERN = r"^events\."  # how users name the queues they bind to `herald.events`

_DELIVERY_LIMIT = 20  # rolling restarts count as deliveries too, so never small
_DEAD_DELIVERY_LIMIT = 1_000_000  # a dead letter has nowhere further to go; unset means 20 on 4.x
_EVENTS_MAX_BYTES = 256 * 1024**2
_COMMANDS_MAX_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    kind: Literal["topic", "fanout"] = "topic"
    alternate: str | None = None  # the exchange that takes what no binding matches

    @property
    def arguments(self) -> dict[str, str | int]:
        """The arguments it is declared with."""
        return {} if self.alternate is None else {"alternate-exchange": self.alternate}


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable quorum queue. What a policy can change later is no argument."""

    name: str
    delivery_limit: int = _DELIVERY_LIMIT
    dead_letters: bool = True  # rejected and over-delivered messages go to `herald.dead`

    @property
    def arguments(self) -> dict[str, str | int]:
        """The arguments it is declared with."""
        arguments: dict[str, str | int] = {
            "x-queue-type": "quorum",
            "x-delivery-limit": self.delivery_limit,
            "x-overflow": "reject-publish",
        }
        if self.dead_letters:
            arguments |= {
                "x-dead-letter-exchange": DEAD,
                "x-dead-letter-routing-key": self.name,
                "x-dead-letter-strategy": "at-least-once",
            }
        return arguments


@dataclass(frozen=True, slots=True, order=True)
class Binding:
    """A queue's binding to an exchange."""

    exchange: str
    routing_key: str
    queue: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy of the broker on queues; only a management URL can set it."""

    name: str
    pattern: str
    definition: Mapping[str, str | int] = field(default_factory=dict)
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything that must exist on the broker."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    policies: tuple[Policy, ...]


def topology_for(channels: Iterable[str]) -> Topology:
    """Compute the bus of a Herald whose configuration names these channels."""
    names = sorted(set(channels))
    outbound = [
        (outbound_queue(c, lane), outbound_key(c, lane)) for c, lane in product(names, Lane)
    ]
    commands = [(commands_queue(lane), key) for lane, key in SEND_KEYS.items()]
    bindings = (
        *(Binding(COMMANDS, key, queue) for queue, key in commands),
        *(Binding(COMMANDS, key, CONTROL_QUEUE) for key in CONTROL_KEYS),
        *(Binding(OUTBOUND, key, queue) for queue, key in outbound),
        *_receipt_bindings(),
        Binding(UNROUTABLE, "", UNROUTABLE_QUEUE),
        Binding(DEAD, "#", DEAD_QUEUE),
    )
    return Topology(
        exchanges=_EXCHANGES,
        queues=tuple(_queue(name) for name in dict.fromkeys(b.queue for b in bindings)),
        bindings=bindings,
        policies=_POLICIES,
    )


def commands_queue(lane: Lane) -> str:
    """Name the queue of one lane's send commands."""
    return f"router.commands.{lane}"


def outbound_queue(channel: str, lane: Lane) -> str:
    """Name the queue of one channel's work in one lane."""
    return f"outbound.{channel}.{lane}"


def outbound_key(channel: str, lane: Lane) -> str:
    """Key of work on `herald.outbound`."""
    return f"{channel}.{lane}"


def lane_of(command_key: str) -> Lane | None:
    """Return the lane a send command's key chooses; None for every other key."""
    return next((lane for lane, key in SEND_KEYS.items() if key == command_key), None)


def receipts_queue(lane: Lane) -> str:
    """Name the queue of the receipts about one lane's messages."""
    return f"router.receipts.{lane}"


def attempt_receipt_key(channel: str, lane: Lane) -> str:
    """Key of news about an attempt on `herald.receipts`."""
    return f"attempt.{channel}.{lane}"


def inbound_receipt_key(channel: str) -> str:
    """Key of a recipient's message on `herald.receipts`; it goes through the normal lane."""
    return f"inbound.{channel}.{Lane.NORMAL}"


def account_receipt_key(channel: str) -> str:
    """Key of news about an account on `herald.receipts`; it goes through the normal lane."""
    return f"account.{channel}.{Lane.NORMAL}"


def pulse_key(lane: Lane) -> str:
    """Key of pulses through a lane's receipts on `herald.receipts`."""
    return f"pulse.{lane}"


def message_event_key(what: str, tenant: str) -> str:
    """Key of a `message.<what>` event on `herald.events`."""
    return f"message.{what}.{tenant}"


def command_event_key(answer: str, tenant: str) -> str:
    """Key of the answer to a command on `herald.events`."""
    return f"command.{answer}.{tenant}"


def inbound_event_key(channel: str, tenant: str) -> str:
    """Key of a recipient's message on `herald.events`."""
    return f"inbound.{channel}.{tenant}"


def account_event_key(what: str, tenant: str) -> str:
    """Key of an `account.<what>` event on `herald.events`."""
    return f"account.{what}.{tenant}"


def recipient_event_key(what: str, tenant: str) -> str:
    """Key of a `recipient.<what>` event on `herald.events`."""
    return f"recipient.{what}.{tenant}"


def attempt_event_key(channel: str, status: str, tenant: str) -> str:
    """Key of an attempt's event on `herald.events`, published when enabled."""
    return f"attempt.{channel}.{status}.{tenant}"


def tenant_read_pattern(tenant: str) -> str:
    r"""Return the topic permission that lets a broker user read one tenant's events only.

    Raises ValueError when `tenant` is no tenant name, so that no pattern can be smuggled in.
    """
    if re.fullmatch(TENANT_PATTERN, tenant) is None:
        raise ValueError(f"not a tenant name: {tenant!r}")
    own = rf"^(message|inbound|command|account|recipient)\.[^.]+\.{tenant}$"
    return rf"{own}|^attempt\.[^.]+\.[^.]+\.{tenant}$"


def tenant_queue_prefix(tenant: str) -> str:
    """Return how the names of a tenant's queues begin; its broker users may have no others."""
    return f"events.{tenant}."


def _receipt_bindings() -> Iterator[Binding]:
    """Bind each lane's receipts, whatever their channel.

    A wildcard, so that the last receipts of a channel taken out of the configuration still arrive.
    """
    for lane in Lane:
        queue = receipts_queue(lane)
        yield Binding(RECEIPTS, attempt_receipt_key("*", lane), queue)
        yield Binding(RECEIPTS, pulse_key(lane), queue)
    for key in (inbound_receipt_key("*"), account_receipt_key("*")):
        yield Binding(RECEIPTS, key, receipts_queue(Lane.NORMAL))
    for key in EARLIER_RECEIPT_KEYS:
        yield Binding(RECEIPTS, key, EARLIER_RECEIPTS_QUEUE)


def _queue(name: str) -> Queue:
    if name == DEAD_QUEUE:
        return Queue(name, delivery_limit=_DEAD_DELIVERY_LIMIT, dead_letters=False)
    return Queue(name)


_EXCHANGES = (
    Exchange(COMMANDS, alternate=UNROUTABLE),
    Exchange(OUTBOUND),
    Exchange(RECEIPTS),
    Exchange(EVENTS),
    Exchange(DEAD),
    Exchange(UNROUTABLE, kind="fanout"),
)

_POLICIES = (
    # A user's full queue loses its oldest events; it never stops the router's publishing.
    Policy(
        "herald-events",
        USER_QUEUE_PATTERN,
        {"overflow": "drop-head", "max-length-bytes": _EVENTS_MAX_BYTES},
    ),
    # A flood of commands is refused (their producers see a nack) before it fills the disk.
    Policy("herald-commands", r"^router\.commands\.", {"max-length-bytes": _COMMANDS_MAX_BYTES}),
)
