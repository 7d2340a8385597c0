"""Ingress's composition root: what it is made of, and the order in which it starts and stops."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import structlog
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from herald.bus.connections import Connections
from herald.config.broker_identity import broker_identity
from herald.config.loading import Configuration, ConfigurationError
from herald.contracts.unsubscribe import PATH
from herald.service.application import application
from herald.service.loop_lag import loop_lag_measured
from herald.service.operations_routes import ops_routes
from herald.service.rate_limited_log import RateLimitedLog
from herald.service.settings import Settings, SettingsError
from ingress import metrics
from ingress.attachments import Attachments, AttachmentsUnusableError, pruned
from ingress.endpoints import Endpoints, endpoints_from
from ingress.grouped_publisher import GroupedPublisher
from ingress.judging import Judge
from ingress.publish_or_spool import PublishOrSpool
from ingress.pulse import PulseSender
from ingress.receive import Receiver
from ingress.requests import Requests
from ingress.spool.database import SpoolDatabase, SpoolUnusableError
from ingress.spool.draining import Draining
from ingress.spool.identity import Identity
from ingress.spool.spool import Spool
from ingress.unsubscribe import Unsubscribe
from ingress.webhook_paths import WebhooksFirst
from ingress.whole_webhooks import WholeWebhooks

APP_ID = "herald-ingress"
PUBLIC_PORT = 8001
OPERATIONS_PORT = 8011
_BYTES_PER_MEGABYTE = 1024 * 1024

_log = structlog.get_logger(__name__)


class Applications(NamedTuple):
    """One for each listener; both live in the lifespan of `operations`."""

    public: ASGIApp
    operations: Starlette


def build_apps(settings: Settings, configuration: Configuration) -> Applications:
    """Compose ingress. Nothing but the spool is opened before the lifespan starts.

    Raises:
        ConfigurationError: a secret, key or folder can't be used, or its broker user is not ours.
        SettingsError: some provider needs a spool, and there is none that can be used.
    """
    file = configuration.file
    endpoints = endpoints_from(configuration)
    metrics.initialise(endpoints.accounts)
    user = broker_identity("ingress", file.services.ingress, settings, file.secrets)
    connections = Connections(settings.amqp_url, app_id=APP_ID, user=user)
    spool = _spool(settings, endpoints, file.ingress.spool_megabytes * _BYTES_PER_MEGABYTE)
    rate_limited = RateLimitedLog()
    identity = Identity(None if spool is None else settings.spool_directory)
    grouped = GroupedPublisher(connections.publisher, in_batches=file.ingress.batches)
    publish_or_spool = PublishOrSpool(grouped, spool, identity, rate_limited)
    draining = Draining(spool, grouped)
    pulse = PulseSender(
        connections.publisher,
        identity,
        holds_something=lambda: None if spool is None else spool.backlog is not None,
    )
    attachments = _attachments(configuration)
    judge = Judge(publish_or_spool, rate_limited, attachments)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await connections.start()
        _log.info("ingress.started", accounts=[name for _, name in endpoints.accounts])
        try:
            async with loop_lag_measured(), draining, pulse, pruned(attachments):
                yield
        finally:
            await connections.stop()
            _log.info("ingress.stopped")

    others: list[BaseRoute] = []
    keys = configuration.unsubscribe_keys()
    if keys is not None:
        others.append(Route(f"{PATH}/{{token}}", Unsubscribe(keys, publish_or_spool)))
    operations = _operations(connections, spool, identity, draining, pulse)
    public = _public(endpoints, judge, file.ingress.public_base_url, application(others))
    return Applications(public, application(operations, lifespan))


def _public(endpoints: Endpoints, judge: Judge, base_url: str, others: ASGIApp) -> WebhooksFirst:
    requests = Requests(base_url)
    receiver = Receiver(endpoints, judge, requests)
    return WebhooksFirst(receiver, WholeWebhooks(endpoints, judge, requests), others)


def _operations(
    connections: Connections,
    spool: Spool | None,
    identity: Identity,
    draining: Draining,
    pulse: PulseSender,
) -> list[Route]:
    return ops_routes(
        APP_ID,
        {"webhooks": lambda: _problem(connections, spool, identity)},
        warnings={
            "broker": lambda: connections.problem,
            "spool": lambda: draining.problem,
            "pulse": lambda: pulse.problem,
        },
    )


def _problem(connections: Connections, spool: Spool | None, identity: Identity) -> str | None:
    """Say why no webhook can be taken.

    With a spool webhooks that are not sent again are taken without a broker, too, so a load
    balancer must go on sending them here.
    """
    if connections.problem is None:
        return None
    if spool is None or not identity.is_known:
        return "the broker is away"
    return spool.problem


def _attachments(configuration: Configuration) -> Attachments:
    rules = configuration.file.ingress
    if rules.attachments is None:
        return Attachments()
    try:
        return Attachments(
            configuration.path.parent / rules.attachments,
            rules.attachments_megabytes * _BYTES_PER_MEGABYTE,
            rules.attachments_kept,
        )
    except AttachmentsUnusableError as error:
        raise ConfigurationError(configuration.path, [f"ingress.attachments: {error}"]) from None


def _spool(settings: Settings, endpoints: Endpoints, max_bytes: int) -> Spool | None:
    without_retries = endpoints.providers_without_retries
    if not without_retries:
        return None
    if settings.spool_directory is None:
        names = ", ".join(without_retries)
        why = f"{names} would not send again what comes while the broker is away"
        raise SettingsError([f"HERALD_SPOOL_DIR: not set; {why}, so it is kept in a directory"])
    try:
        return Spool(SpoolDatabase(settings.spool_directory, max_bytes))
    except SpoolUnusableError as error:
        raise SettingsError([f"HERALD_SPOOL_DIR: {error}"]) from None
