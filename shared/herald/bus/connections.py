"""The connections of a service: one consumes, one publishes; the router has one more for events.

So none can stop another: a memory alarm blocks a connection that publishes, acknowledgements and
all; a failed publish ends its channel, and with it every handler running on that channel; and a
user's queue that takes nothing blocks the connection that events are published on.
"""

from __future__ import annotations

import asyncio

import structlog
from prometheus_client import REGISTRY, CollectorRegistry

from herald.bus.brokers import GRACEFUL_TIMEOUT_SECONDS, Broker
from herald.bus.cancellation import own_cancellation_only
from herald.bus.channels import CALL_TIMEOUT_SECONDS
from herald.bus.publishing import Publisher

# A link that went dead would hold the close until its heartbeats run out.
CLOSE_TIMEOUT_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Connections:
    """A service's brokers: subscribe on `consuming`, publish through `publisher`.

    `events`: publish events on a connection of their own, through `event_publisher`.
    `user`: the broker user named in what is published; None: nobody.
    `start` returns at once and goes on in the background until both are up, so that a service can
    answer its probes while the broker is away.
    """

    def __init__(
        self,
        amqp_url: str,
        *,
        app_id: str,
        user: str | None = None,
        events: bool = False,
        graceful_timeout_seconds: float = GRACEFUL_TIMEOUT_SECONDS,
        call_timeout_seconds: float = CALL_TIMEOUT_SECONDS,
        close_timeout_seconds: float = CLOSE_TIMEOUT_SECONDS,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self.consuming = Broker(
            amqp_url,
            app_id=app_id,
            role="consuming",
            graceful_timeout_seconds=graceful_timeout_seconds,
            call_timeout_seconds=call_timeout_seconds,
        )
        self.publishing = Broker(amqp_url, app_id=app_id, role="publishing")
        self.publisher = Publisher(self.publishing, user=user, registry=registry)
        self.events = Broker(amqp_url, app_id=app_id, role="events") if events else None
        self.event_publisher = (
            self.publisher
            if self.events is None
            else Publisher(self.events, user=user, registry=registry)
        )
        self._graceful_seconds = graceful_timeout_seconds
        self._close_seconds = close_timeout_seconds
        self._starting: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        """All connections are up and started."""
        return self.problem is None

    @property
    def problem(self) -> str | None:
        """What is wrong, for readiness; None when all is well. Subscribers have their own."""
        for name, broker in self.brokers:
            if broker.keeper.connection is None:
                why = broker.keeper.failure
                return f"the {name} connection is down{f': {why}' if why else ''}"
            if not broker.running:
                return f"the {name} connection is starting"
        if self.publisher.is_reopening or self.event_publisher.is_reopening:
            return "a channel to publish on is being opened again"
        return None

    async def start(self) -> None:
        """Begin connecting; return at once."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._start(), name="bus start")

    async def stop_consuming(self) -> None:
        """Stop consuming, drained within the graceful timeout; publishing still works."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
            self._starting = None
        await _stop(self.consuming, "consuming", self._graceful_seconds + self._close_seconds)

    async def stop(self) -> None:
        """Stop consuming, unless that was done, then publishing; close all."""
        await self.stop_consuming()
        for name, broker in self._publishing():
            await _stop(broker, name, self._close_seconds)
        _log.info("bus.stopped")

    def _publishing(self) -> tuple[tuple[str, Broker], ...]:
        events = () if self.events is None else (("events", self.events),)
        return (("publishing", self.publishing), *events)

    @property
    def brokers(self) -> tuple[tuple[str, Broker], ...]:
        """Every connection's broker, by what it is for, in the order in which they start."""
        return (*self._publishing(), ("consuming", self.consuming))

    async def _start(self) -> None:
        for _, broker in self.brokers:
            broker.keeper.start()  # they connect at once, and begin their work in turn
        for name, broker in self.brokers:
            _log.info("bus.connecting", connection=name)
            await broker.start()
            _log.info("bus.connected", connection=name)


async def _stop(broker: Broker, name: str, timeout_seconds: float) -> None:
    """Stop a broker, and go on without it when it can't be stopped in time."""
    stopping = asyncio.create_task(_stopped(broker), name=f"stop {name}")
    await asyncio.wait([stopping], timeout=timeout_seconds)
    if not stopping.done():
        # Not cancelled: cut short, aio-pika would leave the connection half closed.
        _log.warning("bus.stop_timed_out", connection=name)
    elif (error := stopping.exception()) is not None:
        _log.warning("bus.stop_failed", connection=name, error=type(error).__name__)


async def _stopped(broker: Broker) -> None:
    with own_cancellation_only():
        await broker.stop()
