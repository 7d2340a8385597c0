"""Where the bus kit reaches into aio-pika: the AMQP channel underneath, and asking for recovery.

aio-pika reopens a lost channel by itself, once. When that fails while the connection lives (its
queue was missing for a moment), nobody tries again; `request_recovery` has the connection do so.
"""

from __future__ import annotations

from typing import cast

import aiormq
from aio_pika import RobustChannel, RobustConnection
from aiormq.abc import AbstractConnection
from faststream.rabbit import RabbitBroker


def connection_of(broker: RabbitBroker) -> RobustConnection | None:
    """Return a broker's connection when it is up, else None. Never waits."""
    connection = broker._connection  # noqa: SLF001  FastStream has no public name for it
    return connection if connection is not None and connection.connected.is_set() else None


def open_channel(channel: RobustChannel) -> aiormq.Channel | None:
    """Return the AMQP channel under `channel`; None when it is lost or being reopened."""
    wrapped = channel._channel  # noqa: SLF001  the public way waits for the connection
    if wrapped is None or channel.is_closed:
        return None
    return cast("aiormq.Channel", wrapped.channel)


def is_of(channel: RobustChannel, connection: RobustConnection | None) -> bool:
    """Tell whether a channel belongs to this connection, not to one that was closed before."""
    return channel._connection is connection  # noqa: SLF001  aio-pika has no public name for it


def connection_under(channel: RobustChannel) -> AbstractConnection | None:
    """Return the AMQP connection of a channel, even of a closed one; None while it is lost."""
    connection = channel._connection  # noqa: SLF001  aio-pika has no public name for it
    if connection.transport is None or not connection.connected.is_set():
        return None
    return connection.transport.connection


def request_recovery(of: RobustConnection | RobustChannel) -> None:
    """Have a living connection reopen its closed channels and missing consumers."""
    connection = of._connection if isinstance(of, RobustChannel) else of  # noqa: SLF001  likewise
    if isinstance(connection, RobustConnection):
        connection._request_recovery()  # noqa: SLF001  aio-pika has no public name for it
