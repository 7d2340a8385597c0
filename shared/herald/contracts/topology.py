"""The whole bus on one page: exchanges, queues, bindings, keys and policies. Data only.

Only this file names an exchange, a queue or a routing key. `herald topology apply` declares what
`topology_for` returns; services declare nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from herald.contracts.bus_entities import Binding, Exchange, Policy, Queue, Topology
from herald.contracts.identifiers import TENANT_PATTERN
from herald.contracts.vocabulary import Lane

COMMANDS = "herald.commands"  # users -> router
# Direct: by a topic exchange a publish takes the broker a third more of its time.
OUTBOUND = "herald.outbound.direct"  # router -> channels
RECEIPTS = "herald.receipts.direct"  # ingress -> router; a channel has its own: `reports_exchange`
EVENTS = "herald.events"  # router -> users
DEAD = "herald.dead"  # broker and ingress (quarantine) -> router
UNROUTABLE = "herald.unroutable"  # commands with a key nobody knows -> router

# Topic exchanges of earlier versions, which publish to them while they run beside this one. It does
# so itself with what they left in the outbox or in ingress's spool.
EARLIER_OUTBOUND = "herald.outbound"
EARLIER_RECEIPTS = "herald.receipts"
OF_WORK = (OUTBOUND, EARLIER_OUTBOUND)  # what is dead-lettered from these was an attempt

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

_DEAD_DELIVERY_LIMIT = 1_000_000  # a dead letter has nowhere further to go; unset means 20 on 4.x
_EVENTS_MAX_BYTES = 256 * 1024**2
_COMMANDS_MAX_BYTES = 1024**3


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
        *(Binding(RECEIPTS, key, receipts_queue(lane)) for key, lane in _receipt_keys(names)),
        *_report_bindings(names),
        *(Binding(EARLIER_OUTBOUND, key, queue) for queue, key in outbound),
        *_earlier_receipt_bindings(),
        Binding(UNROUTABLE, "", UNROUTABLE_QUEUE),
        Binding(DEAD, "#", DEAD_QUEUE),
    )
    return Topology(
        exchanges=(*_EXCHANGES, *(Exchange(reports_exchange(c), kind="direct") for c in names)),
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
    """Key of work."""
    return f"{channel}.{lane}"


def lane_of(command_key: str) -> Lane | None:
    """Return the lane a send command's key chooses; None for every other key."""
    return next((lane for lane, key in SEND_KEYS.items() if key == command_key), None)


def receipts_queue(lane: Lane) -> str:
    """Name the queue of the receipts about one lane's messages."""
    return f"router.receipts.{lane}"


def reports_exchange(channel: str) -> str:
    """Name the exchange of what a channel's workers report: no other channel may write to it."""
    return f"herald.reports.{channel}"


def attempt_receipt_key(channel: str, lane: Lane) -> str:
    """Key of news about an attempt."""
    return f"attempt.{channel}.{lane}"


def inbound_receipt_key(channel: str) -> str:
    """Key of a recipient's message; it goes through the normal lane."""
    return f"inbound.{channel}.{Lane.NORMAL}"


def account_receipt_key(channel: str) -> str:
    """Key of news about an account; it goes through the normal lane."""
    return f"account.{channel}.{Lane.NORMAL}"


def pulse_key(lane: Lane) -> str:
    """Key of pulses through a lane's receipts."""
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


def _receipt_keys(channels: Iterable[str]) -> Iterator[tuple[str, Lane]]:
    """Yield the key of every receipt, and its lane.

    Nothing unbinds them: the last receipts of a channel taken out of the configuration arrive.
    """
    for lane in Lane:
        yield pulse_key(lane), lane
    for channel in channels:
        yield from _report_keys(channel)
        yield account_receipt_key(channel), Lane.NORMAL


def _report_keys(channel: str) -> Iterator[tuple[str, Lane]]:
    for lane in Lane:
        yield attempt_receipt_key(channel, lane), lane
    yield inbound_receipt_key(channel), Lane.NORMAL


def _report_bindings(channels: Iterable[str]) -> Iterator[Binding]:
    for channel in channels:
        for key, lane in _report_keys(channel):
            yield Binding(reports_exchange(channel), key, receipts_queue(lane))


def _earlier_receipt_bindings() -> Iterator[Binding]:
    for key, lane in _receipt_keys(["*"]):
        yield Binding(EARLIER_RECEIPTS, key, receipts_queue(lane))
    for key in EARLIER_RECEIPT_KEYS:
        yield Binding(EARLIER_RECEIPTS, key, EARLIER_RECEIPTS_QUEUE)


def _queue(name: str) -> Queue:
    if name == DEAD_QUEUE:
        return Queue(name, delivery_limit=_DEAD_DELIVERY_LIMIT)
    return Queue(name, dead_letters_to=DEAD)


_EXCHANGES = (
    Exchange(COMMANDS, alternate=UNROUTABLE),
    Exchange(OUTBOUND, kind="direct"),
    Exchange(RECEIPTS, kind="direct"),
    Exchange(EARLIER_OUTBOUND),
    Exchange(EARLIER_RECEIPTS),
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
