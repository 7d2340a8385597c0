"""The application of any channel: what it is made of, and how it starts and stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import structlog
from starlette.applications import Starlette

from herald.bus.connections import Connections
from herald.bus.entities import existing_exchange, existing_queue
from herald.bus.lane_turns import LaneTurns
from herald.bus.receipt_messages import report_message
from herald.bus.subscribers import BatchSubscriber, subscribe_batches
from herald.channel import metrics
from herald.channel.accounts import SendingAccount
from herald.channel.definitions import ChannelDefinition
from herald.channel.egress.account_egress import AccountEgress
from herald.channel.egress.building import EgressBuilder, members_of
from herald.channel.explaining import Explainer
from herald.channel.health import AccountHealth
from herald.channel.limits.keeper import LimitKeeper
from herald.channel.media import make_fetcher
from herald.channel.recorders import Recorders
from herald.channel.sessions import sessions_of
from herald.channel.sweeper import Sweeper
from herald.channel.worker import Worker
from herald.config.broker_identity import broker_identity
from herald.config.loading import Configuration
from herald.contracts.receipts import AttemptReceipt, InboundReceipt
from herald.contracts.topology import (
    OUTBOUND,
    outbound_key,
    outbound_queue,
)
from herald.contracts.vocabulary import Lane
from herald.contracts.work import Work
from herald.database.pool import Database
from herald.database.schema import SchemaWatch
from herald.files.fetching import Fetcher
from herald.http.client import HttpClient
from herald.providers.credentials import Credentials
from herald.providers.registry import send_module
from herald.providers.sending import Provider, ProviderContext
from herald.service.application import application
from herald.service.background import Background, run_together
from herald.service.loop_lag import loop_lag_measured
from herald.service.operations_routes import ops_routes
from herald.service.settings import Settings
from herald.sessions.key_ring import KeyRing

# Each lane has its own AMQP channel and slots, so that an OTP never waits behind a campaign.
SLOTS: dict[Lane, int] = {Lane.URGENT: 100, Lane.NORMAL: 200, Lane.BULK: 100}
MAX_BATCH: dict[Lane, int] = {Lane.URGENT: 100, Lane.NORMAL: 100, Lane.BULK: 50}
# Begin with every slot: work is as large as that only with a long HTML part.
LARGE_WORK_BYTES = 64 * 1024
EMIT_SECONDS = 5.0  # for the confirm of a receipt that a provider makes by itself

_log = structlog.get_logger(__name__)


Context = ProviderContext[Any, Any]
MakeProvider = Callable[[Context], Provider]


def make_provider(context: Context) -> Provider:
    """Make a provider as its own module does."""
    made: Provider = send_module(context.account.folder).make_provider(context)
    return made


class Channel:
    """One channel's worker process."""

    def __init__(
        self,
        definition: ChannelDefinition,
        settings: Settings,
        configuration: Configuration,
        credentials: Mapping[str, Credentials[Any]],
        *,
        make: MakeProvider = make_provider,
        session_keys: KeyRing | None = None,
    ) -> None:
        channel = definition.name
        self._app_id = app_id = f"herald-channel-{channel}"
        self._channel = channel
        named = configuration.file.services.users_of(channel)
        user = broker_identity("channels", named, settings, configuration.file.secrets)
        self.connections = Connections(settings.amqp_url, app_id=app_id, user=user)
        self._database = Database(settings.postgres_dsn, application_name=app_id)
        self._schema = SchemaWatch(self._database, ("channel",))
        self._fetcher = make_fetcher(channel, configuration)
        contexts, ways = self._find_ways(configuration, credentials, make)
        self._sessions = sessions_of(channel, contexts, self._database, session_keys)
        accounts = [
            _sending_account(context, ways.get(context.name), make, definition, self._fetcher)
            for context in contexts
        ]
        self._providers = [each for account in accounts for each in account.providers]
        metrics.initialise(
            channel, {account.name: account.options.provider for account in accounts}
        )
        publisher = self.connections.publisher
        self._recorders = Recorders(channel, self._database, publisher)
        self._health = AccountHealth(channel, accounts, self._database)
        self._limits = LimitKeeper(self._database, accounts)
        self._worker = Worker(
            channel,
            accounts,
            self._database,
            self._recorders,
            self._limits,
            changed=self._health.changed,
            explainer=Explainer(accounts, self._database, publisher, self._limits.limiter),
        )
        self._sweeper = Sweeper(
            channel, self._database, publisher, held=lambda: self._recorders.held
        )
        self._turns = LaneTurns()
        self._subscribers = [self._subscribe(lane) for lane in Lane]
        self._background = Background(channel, self._run)

    def application(self) -> Starlette:
        """Build the Starlette application; nothing is opened before it starts."""
        routes = ops_routes(self._app_id, self._checks(), warnings=self._warnings())
        return application(routes, self._lifespan)

    def _find_ways(
        self,
        configuration: Configuration,
        credentials: Mapping[str, Credentials[Any]],
        make: MakeProvider,
    ) -> tuple[list[Context], dict[str, AccountEgress]]:
        """Make the accounts' contexts, and the egress of those that go by any."""
        rules, configured = configuration.file.egress, configuration.accounts_of(self._channel)
        proxies = configuration.proxy_credentials_for(members_of(rules, configured))
        builder = EgressBuilder(self._channel, rules, proxies, self._database, self._usage)
        base_url = configuration.file.ingress.public_base_url
        contexts = {
            name: ProviderContext(
                name=name,
                account=account,
                credentials=credentials[name],
                http=HttpClient(account.timeout),
                callback_url=f"{base_url}/webhooks/{account.provider}/{name}",
                fetch=self._fetcher.fetch,
            )
            for name, account in configured.items()
        }
        ways = builder.build(contexts, make)
        for name, egress in ways.items():
            contexts[name] = replace(contexts[name], http=egress.client)
        clients = (context.http for context in contexts.values())
        self._clients: list[HttpClient | Fetcher] = [*clients, *builder.clients, self._fetcher]
        self._egress_health = builder.health
        return list(contexts.values()), ways

    def _usage(self, budget: str) -> float:
        return self._limits.limiter.usage(budget)

    def _subscribe(self, lane: Lane) -> BatchSubscriber:
        return subscribe_batches(
            self.connections.consuming,
            existing_queue(outbound_queue(self._channel, lane), outbound_key(self._channel, lane)),
            self._turns.give(self._worker, lane),
            prefetch=SLOTS[lane],
            max_batch=MAX_BATCH[lane],
            payload_models=[Work],
            title=outbound_queue(self._channel, lane),
            description=f"Attempts to make, {lane} lane.",
            exchange=existing_exchange(OUTBOUND),
            largest=LARGE_WORK_BYTES,
            settle="single",
        )

    def _checks(self) -> dict[str, Callable[[], str | None]]:
        return {
            "database": lambda: self._database.problem,
            "schema": lambda: self._schema.problem,
            "broker": lambda: self.connections.problem,
            "consumers": lambda: next(filter(None, (s.problem for s in self._subscribers)), None),
            "recorder": lambda: self._recorders.problem,
            "work": lambda: self._background.problem,
        }

    def _warnings(self) -> dict[str, Callable[[], str | None]]:
        return {
            "accounts": lambda: self._health.warning,
            "sessions": lambda: self._sessions.warning,
            "egress": lambda: self._egress_health.warning,
            "limits": lambda: self._limits.warning,
        }

    async def _emit(self, receipt: AttemptReceipt | InboundReceipt) -> None:
        """Publish what a provider reports by itself.

        Raises:
            PublishError: the broker did not confirm it; the provider may try again.
        """
        messages = [report_message(receipt)]
        [problem] = await self.connections.publisher.publish_many(messages, EMIT_SECONDS)
        if problem is not None:
            raise problem

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self._database.start()
        for client in self._clients:
            await client.start()
        for provider in self._providers:
            await provider.start(self._emit)
        self._background.start()
        _log.info("channel.started", channel=self._channel, accounts=len(self._providers))
        try:
            async with loop_lag_measured():
                yield
        finally:
            # consuming ends first and waits until every call is made, recorded and acknowledged
            await self.connections.stop()
            await self._worker.drain()
            await self._background.stop()
            await self._recorders.finish()
            await self._sessions.stop()
            await asyncio.gather(*(provider.stop() for provider in self._providers))
            for client in self._clients:
                await client.stop()
            await self._database.stop()
            _log.info("channel.stopped", channel=self._channel)

    async def _run(self) -> None:
        """Consume once the schema is there and accounts are known, then record, sweep and share."""
        await self._schema.wait()
        await self._egress_health.turn()
        await self._health.turn()  # a paused account gets no call from a worker that just began
        await self.connections.start()
        await run_together(
            self._recorders.run,
            self._worker.run,
            self._sweeper.run,
            self._health.run,
            self._sessions.run,
            self._egress_health.run,
            self._limits.run,
        )


def _sending_account(
    context: Context,
    egress: AccountEgress | None,
    make: MakeProvider,
    definition: ChannelDefinition,
    fetcher: Fetcher,
) -> SendingAccount:
    by_egress = None if egress is None else next(iter(egress.ways.values())).provider
    return SendingAccount(
        name=context.name,
        options=context.account,
        provider=by_egress or make(context),
        egress=egress,
        credentials=context.credentials,
        render=definition.render,
        fetch_all=fetcher.fetch_all,
    )
