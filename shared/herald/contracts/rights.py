"""What each broker user may do on RabbitMQ, as the patterns its permissions are written in. Pure.

A user has three patterns a virtual host: of the names it may configure (declare, delete), write
(publish to an exchange; bind a queue) and read (consume a queue; bind to an exchange). A user with
topic permissions on an exchange may, besides, use only the routing keys they match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from herald.contracts.topology import (
    CANCEL_KEY,
    COMMANDS,
    DEAD,
    DEAD_QUEUE,
    EARLIER_OUTBOUND,
    EARLIER_RECEIPTS,
    ERASE_KEY,
    EVENTS,
    OPERATOR_KEYS,
    OUTBOUND,
    QUARANTINE_KEY,
    RECEIPTS,
    SEND_KEYS,
    SUPPRESS_KEY,
    UNSUPPRESS_KEY,
    pulse_key,
    reports_exchange,
    tenant_queue_prefix,
    tenant_read_pattern,
)
from herald.contracts.vocabulary import Lane

NOTHING = "^$"
EVERYTHING = ".*"
TENANT_KEYS = (*SEND_KEYS.values(), CANCEL_KEY, SUPPRESS_KEY, UNSUPPRESS_KEY, ERASE_KEY)
_OURS = r"^(herald|router|outbound)\."


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRights:
    """The routing keys a user may publish with to an exchange, and bind to it."""

    exchange: str
    write: str = NOTHING
    read: str = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """A broker user's permissions on Herald's virtual host."""

    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING
    topics: tuple[TopicRights, ...] = ()
    tags: tuple[str, ...] = ()  # of the user itself, on the management interface


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRights:
    """A broker user, what it is for, and all it may do."""

    name: str
    roles: tuple[str, ...]
    rights: Rights
    is_configured: bool = True  # herald.toml names it; else it has its default name


def together(held: Sequence[Rights]) -> Rights:
    """Return the rights of a user that is several of them."""
    exchanges = dict.fromkeys(topic.exchange for one in held for topic in one.topics)
    topics = (_together_on(exchange, held) for exchange in exchanges)
    return Rights(
        configure=_any_of(one.configure for one in held),
        write=_any_of(one.write for one in held),
        read=_any_of(one.read for one in held),
        topics=tuple(t for t in topics if (t.write, t.read) != (EVERYTHING, EVERYTHING)),
        tags=tuple(sorted({tag for one in held for tag in one.tags})),
    )


def tenant_rights(tenant: str) -> Rights:
    """Return what lets a user send and cancel, and hear its tenant's events and nobody else's.

    Its queues are its own, too: they are named `events.<tenant>.*`.

    Raises:
        ValueError: `tenant` is no tenant's name.
    """
    events = tenant_read_pattern(tenant)
    own = re.escape(tenant_queue_prefix(tenant))
    return Rights(
        configure=f"^{own}",
        write=f"^{own}|{_exactly([COMMANDS])}",
        read=f"^{own}|{_exactly([EVENTS])}",
        topics=(
            TopicRights(exchange=COMMANDS, write=_exactly(TENANT_KEYS)),
            TopicRights(exchange=EVENTS, read=events),
        ),
    )


def operator_rights() -> Rights:
    """Return what lets an operator command, and hear everybody's events."""
    own = re.escape("events.")
    return Rights(
        configure=f"^{own}",
        write=f"^{own}|{_exactly([COMMANDS])}",
        read=f"^{own}|{_exactly([EVENTS])}",
        topics=(TopicRights(exchange=COMMANDS, write=_exactly([*TENANT_KEYS, *OPERATOR_KEYS])),),
    )


def router_rights() -> Rights:
    """Return a router's; of receipts it publishes its own pulses."""
    return Rights(
        write=_exactly([OUTBOUND, EVENTS, RECEIPTS, EARLIER_OUTBOUND, EARLIER_RECEIPTS]),
        read=rf"^router\.|{_exactly([DEAD_QUEUE])}",
    )


def channel_rights(channel: str) -> Rights:
    """Return those of a channel's workers; some providers bring what recipients write as well."""
    name = re.escape(channel)
    own = rf"^(attempt|inbound)\.{name}\.[^.]+$"
    return Rights(
        write=_exactly([reports_exchange(channel), EARLIER_RECEIPTS]),
        read=rf"^outbound\.{name}\.",
        topics=(TopicRights(exchange=EARLIER_RECEIPTS, write=own),),
    )


def ingress_rights() -> Rights:
    """Return ingress's: it consumes nothing."""
    reports = r"(attempt|inbound|account)\.[^.]+\.[^.]+"
    pulse = re.escape(pulse_key(Lane.NORMAL))
    return Rights(
        write=_exactly([RECEIPTS, DEAD, EARLIER_RECEIPTS]),
        topics=(
            TopicRights(exchange=EARLIER_RECEIPTS, write=f"^{reports}$|^{pulse}$"),
            TopicRights(exchange=DEAD, write=_exactly([QUARANTINE_KEY])),
        ),
    )


def topology_rights() -> Rights:
    """Return what `herald topology apply` needs; it sets policies over the management interface."""
    return Rights(configure=_OURS, write=_OURS, read=_OURS, tags=("policymaker",))


def _together_on(exchange: str, held: Sequence[Rights]) -> TopicRights:
    return TopicRights(
        exchange=exchange,
        write=_any_of(_keys(one, exchange, "write") for one in held),
        read=_any_of(_keys(one, exchange, "read") for one in held),
    )


def _keys(held: Rights, exchange: str, what: Literal["write", "read"]) -> str:
    """Return the keys that rights allow on an exchange; without topic rights there, all."""
    if re.search(getattr(held, what), exchange) is None:
        return NOTHING
    return next((getattr(t, what) for t in held.topics if t.exchange == exchange), EVERYTHING)


def _any_of(patterns: Iterable[str]) -> str:
    several = [one for one in dict.fromkeys(patterns) if one != NOTHING]
    return EVERYTHING if EVERYTHING in several else "|".join(several) or NOTHING


def _exactly(names: Iterable[str]) -> str:
    return f"^({'|'.join(map(re.escape, names))})$"
