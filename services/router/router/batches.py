"""Batches of commands and facts: applied together, and one by one once that failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Generic, Protocol, TypeVar

import structlog

from herald.bus.batches import Handler, where
from herald.bus.deliveries import Delivery
from herald.config.file import HeraldFile
from herald.contracts.trace_context import TraceContext
from herald.database.pool import is_outage
from herald.tracing.spans import trace_of
from router.commands import Envelope, Rejection
from router.parsing.refusals import poison, unknown_command
from router.traces import UnitTraces, begin_traces
from router.unit_of_work import UnitOfWork, UnitsOfWork

T = TypeVar("T")
CommandT = TypeVar("CommandT")

_log = structlog.get_logger(__name__)


async def apply_isolated(
    items: Sequence[T],
    apply: Callable[[Sequence[T]], Awaitable[None]],
    set_aside: Callable[[T, Exception], Awaitable[None]],
    name: Callable[[T], Mapping[str, str]] = lambda _: {},
) -> None:
    """Apply `items` together; if that fails each by itself, in order, and set the bad ones aside.

    `name` returns what the log says of one that is set aside.
    One by one the cost of a bad batch has a bound, however many of it are bad: one more
    transaction an item.

    Raises:
        one of OUTAGES: broker or database are away; nobody is at fault and the batch is kept.
    """
    error = await _failure(items, apply)
    if error is None:
        return
    for item in items:
        if len(items) > 1:
            error = await _failure([item], apply)
        if error is not None:
            about = name(item)
            _log.error("batch.poison", error=type(error).__name__, where=where(error), **about)
            await set_aside(item, error)


async def _failure(
    items: Sequence[T], apply: Callable[[Sequence[T]], Awaitable[None]]
) -> Exception | None:
    try:
        await apply(items)
    except Exception as error:
        if is_outage(error):
            raise
        return error
    return None


class CommandKind(Protocol[CommandT]):
    """One kind of command: how it is read, and what it leads to."""

    def read(self, envelopes: Sequence[Envelope], now: datetime) -> Sequence[CommandT | Rejection]:
        """Read commands, outside any transaction."""

    async def apply(self, unit: UnitOfWork, commands: Sequence[tuple[Envelope, CommandT]]) -> None:
        """Carry commands out, and answer each."""


class CommandHandler(Generic[CommandT]):
    """Handles batches of one kind of command, a unit of work each."""

    def __init__(
        self, units: UnitsOfWork, configuration: HeraldFile, kind: CommandKind[CommandT]
    ) -> None:
        self._units = units
        self._configuration = configuration
        self._kind = kind

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Answer every command of a batch; one that breaks us is refused alone."""
        await apply_isolated(deliveries, self._apply, self._refuse_poison, _trace_of)

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        now, traces = self._units.now(), begin_traces()
        commands: list[tuple[Envelope, CommandT]] = []
        refused: list[Rejection] = []
        envelopes = envelopes_of(deliveries, traces)
        for envelope, read in zip(envelopes, self._kind.read(envelopes, now), strict=True):
            if isinstance(read, Rejection):
                refused.append(read)
            else:
                commands.append((envelope, read))
        async with self._units.begin(now, traces) as unit:
            if commands:
                await self._kind.apply(unit, commands)
            for rejected in refused:
                unit.reject(rejected)

    async def _refuse_poison(self, delivery: Delivery, _error: Exception) -> None:
        await refuse_poison(self._units, self._configuration, delivery)


class UnknownCommands:
    """Commands under a routing key that nobody knows: each is refused."""

    def __init__(self, configuration: HeraldFile) -> None:
        self._configuration = configuration

    def read(self, envelopes: Sequence[Envelope], _now: datetime) -> list[Rejection]:
        """Refuse commands."""
        return [unknown_command(envelope, self._configuration) for envelope in envelopes]

    async def apply(self, unit: UnitOfWork, commands: Sequence[object]) -> None:
        """Do nothing: no command of this kind is ever read."""


class ByRoutingKey:
    """Gives each command of a batch to the handler of its routing key.

    In the order in which they came: a suppression may follow what lifted the one before.
    """

    def __init__(self, handlers: Mapping[str, Handler], unknown: Handler) -> None:
        self._handlers = handlers
        self._unknown = unknown

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Handle the batch; commands of one kind that follow each other are handled together."""
        for handler, part in groupby(deliveries, self._handler_of):
            await handler(list(part))

    def _handler_of(self, delivery: Delivery) -> Handler:
        return self._handlers.get(delivery.routing_key, self._unknown)


def one_by_one(handler: Handler) -> Handler:
    """Make a handler take every delivery as a batch of its own."""

    async def handle(deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            await handler([delivery])

    return handle


async def refuse_poison(units: UnitsOfWork, configuration: HeraldFile, delivery: Delivery) -> None:
    """Answer a command that broke us; if even that fails it is dead-lettered."""
    try:
        async with units.begin() as unit:
            unit.reject(poison(envelope_of(delivery), configuration))
    except Exception as error:
        if is_outage(error):
            raise
        delivery.reject()


def _trace_of(delivery: Delivery) -> dict[str, str]:
    return trace_of(TraceContext.read(delivery.headers))


def envelopes_of(deliveries: Sequence[Delivery], traces: UnitTraces | None) -> list[Envelope]:
    """Take over what matters of commands' deliveries, each with its span while tracing is on."""
    if traces is None:
        return [envelope_of(delivery) for delivery in deliveries]
    batch = len(deliveries)
    return [envelope_of(delivery, traces.command(delivery, batch)) for delivery in deliveries]


def envelope_of(delivery: Delivery, trace: TraceContext | None = None) -> Envelope:
    """Take over what matters of a command's delivery."""
    return Envelope(
        body=delivery.body,
        routing_key=delivery.routing_key,
        message_id=delivery.message_id or None,
        correlation_id=delivery.correlation_id,
        redelivered=delivery.redelivered,
        user=delivery.user_id,
        trace=trace,
    )
