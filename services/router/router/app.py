"""The router's composition root: what it is made of, and the order in which it starts and stops."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette

from herald.bus.batches import Handler
from herald.bus.connections import Connections
from herald.bus.depths import QueueDepths
from herald.bus.lane_turns import LaneTurns
from herald.config.broker_identity import broker_identity
from herald.config.loading import Configuration
from herald.contracts.masking import masking_key
from herald.contracts.receipts import Pulse
from herald.contracts.topology import (
    CANCEL_KEY,
    CONTROL_QUEUE,
    DROP_KEY,
    EARLIER_RECEIPTS_QUEUE,
    ERASE_KEY,
    REPLAY_KEY,
    RESEND_KEY,
    SUPPRESS_KEY,
    UNROUTABLE_QUEUE,
    UNSUPPRESS_KEY,
    commands_queue,
    receipts_queue,
)
from herald.contracts.vocabulary import Lane
from herald.database.masking_watch import MaskingWatch
from herald.database.pool import Database
from herald.database.schema import SchemaWatch
from herald.service.application import application
from herald.service.background import Background, run_together
from herald.service.loop_lag import loop_lag_measured
from herald.service.operations_routes import Check, ops_routes
from herald.service.settings import Settings
from router import metrics
from router.batches import (
    ByRoutingKey,
    CommandHandler,
    UnknownCommands,
    one_by_one,
)
from router.clearances.configured import clearance_sources
from router.clearances.windows import Windows
from router.consumers import Handlers, subscribe
from router.handlers.cancel import CancelCommands
from router.handlers.consent import ConsentCommands
from router.handlers.dead_letters import DeadLetterHandler
from router.handlers.drop import DropCommands
from router.handlers.erase import EraseCommands
from router.handlers.receipts import ReceiptHandler
from router.handlers.replay import ReplayHandler
from router.handlers.resend import ResendCommands
from router.handlers.send import SendCommands
from router.jobs.backlog import Backlog
from router.jobs.delays import DeliveryDelays
from router.jobs.erasing import DEFAULT_PACE, Erasing, ErasingPace
from router.jobs.orphaned_receipts import OrphanedReceipts
from router.jobs.outage_pause import OutagePause
from router.jobs.partitions import Partitions
from router.jobs.plans import DuePlans
from router.jobs.quota_use import QuotaUse
from router.jobs.release import Releases
from router.jobs.retention import Retention
from router.jobs.silence_gate import SilenceGate
from router.jobs.suppression_keys import SuppressionKeys
from router.jobs.timers import Timers
from router.outbox import Outbox
from router.outgoing.unsubscribe import UnsubscribeLinks
from router.read_api.access import ReadAccess
from router.read_api.dead_letters import dead_letter_routes
from router.read_api.messages import message_routes
from router.read_api.search import search_route
from router.read_api.suppressions import suppression_route
from router.tenant_turns import TenantTurns
from router.unit_of_work import UnitsOfWork

APP_ID = "herald-router"
OPERATIONS_PORT = 8002

_log = structlog.get_logger(__name__)


class Router:
    """The router's process."""

    def __init__(self, settings: Settings, loaded: Configuration, pace: ErasingPace) -> None:
        self._configuration = configuration = loaded.file
        self._read_access = ReadAccess(loaded, settings.operations.host)
        metrics.initialise(configuration.accounts, configuration.tenants)
        named, secrets = configuration.services.router, configuration.secrets
        user = broker_identity("router", named, settings, secrets)
        self._connections = Connections(settings.amqp_url, app_id=APP_ID, user=user, events=True)
        self._database = database = Database(settings.postgres_dsn, application_name=APP_ID)
        self._schema = SchemaWatch(self._database, ("channel", "router"))
        self._masking = MaskingWatch(self._database, masking_key())
        self._outbox = Outbox(
            self._database, self._connections.publisher, self._connections.event_publisher
        )
        self._delays = DeliveryDelays(self._database, configuration.router.fallback)
        windows, turns = Windows(), LaneTurns()
        units = UnitsOfWork(
            self._database,
            self._outbox,
            configuration.router.retry,
            clearances=clearance_sources(configuration, windows, lambda: self._delays.learned),
            links=_links(loaded),
        )
        self._subscriptions = subscribe(
            self._connections, self._handlers(units), TenantTurns(configuration), turns
        )
        self._release = Releases(
            configuration.channels,
            self._database,
            units,
            windows,
            QueueDepths(self._connections.publishing),
            turns,
        )
        self._silence_gate = SilenceGate(
            self._connections,
            self._database,
            self._subscriptions.receipts,
            retry_gap=configuration.webhook_retry_gap,
        )
        self._timers = Timers(self._database, units, lambda: self._silence_gate.gates)
        self._outage_pause = OutagePause(self._database, self._subscriptions.all)
        self._partitions, self._suppression_keys = Partitions(database), SuppressionKeys(database)
        self._orphaned_receipts = OrphanedReceipts(units, configuration)
        self._retention = Retention(self._database, configuration.retention)
        self._erasing = Erasing(units, configuration, pace)
        self._due_plans = DuePlans(self._database, units)
        self._quota_use = QuotaUse(self._database, configuration)
        self._backlog = Backlog(self._database, configuration.channels)
        self._background = Background("the router's clocks", self._run)

    def application(self) -> Starlette:
        """Build the Starlette application; nothing is opened before it starts."""
        warnings: dict[str, Check] = {
            "silence": lambda: self._silence_gate.warning,
            "suppressions": lambda: self._suppression_keys.warning,
        }
        operations = ops_routes(APP_ID, self._checks(), warnings=warnings)
        reading = (self._read_access, self._database)
        search = search_route(*reading, tuple(self._configuration.tenants))
        suppressions = suppression_route(*reading)
        routes = [*operations, *message_routes(*reading), search, suppressions]
        routes += dead_letter_routes(*reading)
        return application(routes, self._lifespan)

    def _handlers(self, units: UnitsOfWork) -> Handlers:
        configuration = self._configuration
        common = (units, configuration)
        by_queue: dict[str, Handler] = {}
        sends = {lane: CommandHandler(*common, SendCommands(configuration, lane)) for lane in Lane}
        unknown: Handler = CommandHandler(*common, UnknownCommands(configuration))
        control_commands: dict[str, Handler] = {
            CANCEL_KEY: CommandHandler(*common, CancelCommands(configuration)),
            RESEND_KEY: CommandHandler(*common, ResendCommands(configuration)),
            REPLAY_KEY: ReplayHandler(*common, by_queue),
            DROP_KEY: one_by_one(CommandHandler(*common, DropCommands(configuration))),
            ERASE_KEY: CommandHandler(*common, EraseCommands(configuration)),
            SUPPRESS_KEY: CommandHandler(*common, ConsentCommands(configuration, "suppressed")),
            UNSUPPRESS_KEY: CommandHandler(*common, ConsentCommands(configuration, "unsuppressed")),
        }
        control = ByRoutingKey(control_commands, unknown)
        receipts = {
            lane: ReceiptHandler(lane, *common, handled=self._pulses_handled) for lane in Lane
        }
        by_queue |= {
            **{commands_queue(lane): handler for lane, handler in sends.items()},
            **{receipts_queue(lane): handler for lane, handler in receipts.items()},
            EARLIER_RECEIPTS_QUEUE: receipts[Lane.NORMAL],
            CONTROL_QUEUE: control,
            UNROUTABLE_QUEUE: unknown,
        }
        return Handlers(
            sends=sends,
            control=control,
            receipts=receipts,
            unroutable=unknown,
            dead_letters=DeadLetterHandler(*common, by_queue),
        )

    def _pulses_handled(self, lane: Lane, pulses: Sequence[Pulse]) -> None:
        self._silence_gate.take_pulses(lane, pulses)

    def _checks(self) -> dict[str, Check]:
        return {
            "database": lambda: self._database.problem,
            "schema": lambda: self._schema.problem,
            "masking": lambda: self._masking.problem,
            "broker": lambda: self._connections.problem,
            "consumers": lambda: self._subscriptions.problem,
            "publishing": lambda: self._silence_gate.problem,
            "timers": lambda: self._timers.problem,
            "release": lambda: self._release.problem,
            "work": lambda: self._background.problem,
        }

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self._database.start()
        self._background.start()
        _log.info("router.started", channels=list(self._configuration.channels))
        try:
            async with loop_lag_measured():
                yield
        finally:
            await self._background.stop()
            await self._connections.stop_consuming()
            await self._silence_gate.leave()
            await self._outbox.drain()
            await self._connections.stop()
            await self._outbox.flush()
            await self._database.stop()
            _log.info("router.stopped")

    async def _run(self) -> None:
        """Consume once the schema is there and the key fits, then keep the clocks going."""
        await self._schema.wait()
        await self._masking.wait()
        await self._connections.start()
        await run_together(
            self._masking.run,
            self._timers.run,
            self._release.run,
            self._outbox.run,
            self._silence_gate.run,
            self._outage_pause.run,
            self._partitions.run,
            self._orphaned_receipts.run,
            self._retention.run,
            self._suppression_keys.run,
            self._erasing.run,
            self._backlog.run,
            self._delays.run,
            self._due_plans.run,
            self._quota_use.run,
        )


def _links(loaded: Configuration) -> UnsubscribeLinks | None:
    keys = loaded.unsubscribe_keys()
    base_url = loaded.file.ingress.public_base_url
    return None if keys is None else UnsubscribeLinks(keys, base_url)


def build_app(
    settings: Settings, configuration: Configuration, erasing: ErasingPace = DEFAULT_PACE
) -> Starlette:
    """Compose the router's application.

    Raises:
        ConfigurationError: it connects as a broker user that is not the router's, or the tokens
            file of the read API can't be used.
    """
    return Router(settings, configuration, erasing).application()
