"""A service's two FastStream brokers and their exact settings. Building one opens nothing."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import structlog
from aio_pika import RobustConnection
from aio_pika.abc import AbstractConnection
from faststream.rabbit import Channel, RabbitBroker
from yarl import URL

from herald.bus.lenient_decoding import tolerate_any_properties

HEARTBEAT_SECONDS = 10  # a dead peer is noticed after 33 s; at aiormq's default of 60 after 183 s
RECONNECT_SECONDS = 1.0
CONNECT_TIMEOUT_SECONDS = 10.0
READY_SECONDS = 5.0
GRACEFUL_TIMEOUT_SECONDS = 30.0
DEFAULT_PREFETCH = 50  # of ordinary handlers; unset would be unlimited
_DOCUMENTED_URL = "amqp://rabbitmq:5672/"  # what AsyncAPI shows: the same on every machine

_log = structlog.get_logger(__name__)


def consuming_broker(
    amqp_url: str,
    *,
    app_id: str,
    graceful_timeout_seconds: float = GRACEFUL_TIMEOUT_SECONDS,
    prefetch: int = DEFAULT_PREFETCH,
) -> RabbitBroker:
    """Build the broker to subscribe on; `prefetch` is for handlers without a channel of their own.

    Opens nothing. Stopping waits up to the graceful timeout for handlers.
    """
    return _broker(
        amqp_url,
        app_id=app_id,
        role="consuming",
        channel=Channel(prefetch_count=prefetch, on_return_raises=True),
        graceful_timeout_seconds=graceful_timeout_seconds,
    )


def publishing_broker(amqp_url: str, *, app_id: str, role: str = "publishing") -> RabbitBroker:
    """Build the broker for `Publisher`: confirms, and returned messages are errors."""
    return _broker(
        amqp_url,
        app_id=app_id,
        role=role,
        channel=Channel(publisher_confirms=True, on_return_raises=True),
        graceful_timeout_seconds=GRACEFUL_TIMEOUT_SECONDS,
    )


def with_settings(amqp_url: str, *, name: str) -> str:
    """Add the heartbeat and the connection's name to a broker's URL, keeping the query it has.

    An operator's own `heartbeat` or `name` in the URL stands.
    """
    url = URL(amqp_url)
    return str(url.with_query({"heartbeat": str(HEARTBEAT_SECONDS), "name": name, **url.query}))


class _ServiceBroker(RabbitBroker):
    """A broker whose connection ends with a failed or cancelled connect.

    aio-pika's own would go on reconnecting for ever, unseen, and keep the process from ending.
    """

    async def _connect(self) -> RobustConnection:
        made: list[RobustConnection] = []
        self._connection_kwargs["connection_class"] = partial(_remembered, made)
        try:
            return await super()._connect()
        except BaseException:
            for connection in made:
                await connection.close()
            raise


class _Connection(RobustConnection):
    """A connection whose reader never waits for one of its channels, nor its recovery for itself.

    aiormq's reader stops after ten frames of a channel until that channel's own task has had its
    turn. A message has three, so one behind 400 of another lane waits 130 turns of a busy loop.
    Prefetch bounds what can come.
    """

    async def ready(self) -> None:
        """Wait until it is connected, a while at most.

        aio-pika's own waits for ever, also inside the one task that could connect again: when the
        link breaks while that task, or one whose lock it needs, is reopening a channel.

        Raises:
            ConnectionError: it is not.
        """
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self.connected.wait()
        except TimeoutError:
            raise ConnectionError("not connected") from None

    async def _on_connected(self) -> None:
        if self.transport is not None:
            amqp = self.transport.connection
            amqp.channel = partial(amqp.channel, frame_buffer_size=0)  # type: ignore[method-assign]
        await super()._on_connected()


def _remembered(made: list[RobustConnection], *args: Any, **kwargs: Any) -> RobustConnection:
    made.append(_Connection(*args, **kwargs))
    return made[-1]


def _broker(
    amqp_url: str,
    *,
    app_id: str,
    role: str,
    channel: Channel,
    graceful_timeout_seconds: float,
) -> RabbitBroker:
    tolerate_any_properties()
    losses = _LossLog(role)
    return _ServiceBroker(
        with_settings(amqp_url, name=f"{app_id} {role}"),
        app_id=app_id,
        timeout=CONNECT_TIMEOUT_SECONDS,
        fail_fast=False,
        reconnect_interval=RECONNECT_SECONDS,
        default_channel=channel,
        graceful_timeout=graceful_timeout_seconds,
        logger=None,
        specification_url=_DOCUMENTED_URL,
        on_close=[losses.closed],
        on_reconnected=[losses.reconnected],
    )


class _LossLog:
    """Says once that a connection was lost, not again at every failed try to bring it back."""

    def __init__(self, role: str) -> None:
        self._role = role
        self._lost = False

    def closed(self, connection: AbstractConnection | None, error: BaseException | None) -> None:
        if not self._lost and connection is not None and not connection.close_called:
            self._lost = True
            _log.warning("bus.connection_lost", connection=self._role, error=type(error).__name__)

    def reconnected(self, _connection: object) -> None:
        self._lost = False
        _log.info("bus.reconnected", connection=self._role)
