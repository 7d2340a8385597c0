"""Whatever callers send to any listener, they make no series of metrics."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import REGISTRY
from yarl import URL

from behaviour.ingress.gateway import running_ingress
from behaviour.router.world import CONFIGURATION, build_routers
from behaviour.serving import serving
from herald.channel.definitions import definition_of
from herald.channel.service import Channel
from herald.config.loading import load_configuration
from herald.contracts.metrics import METRICS, Begins
from herald.providers.account import NoSecrets
from herald.providers.credentials import Credentials
from herald.service.settings import Address, Settings

# nobody listens there: a service answers its callers all the same
AMQP_URL, DSN = "amqp://127.0.0.1:1/", "postgresql://127.0.0.1:1/herald"
SETTINGS = Settings(
    amqp_url=AMQP_URL,
    postgres_dsn=DSN,
    config_path=CONFIGURATION,
    operations=Address("127.0.0.1", 0),
    log_format="json",
)
PATHS = (
    "/{word}",
    "/metrics/{word}",
    "/readyz?{word}",
    "/messages/{word}",
    "/messages?tenant={word}&idempotency_key={word}",
    "/webhooks/{word}/{word}",
    "/webhooks/twilio/{word}",
    "/webhooks/{word}/twilio-main",
    "/%00{word}%FF//..;{word}",
)
METHODS = ("GET", "POST", "PUT", "DELETE", "BREW")
ROUNDS = 2

Series = tuple[str, frozenset[tuple[str, str]]]
Urls = list[str]


@asynccontextmanager
async def router(folder: Path) -> AsyncIterator[Urls]:
    [app] = build_routers(AMQP_URL, DSN, 1, folder)
    async with serving(app, SETTINGS) as served:
        yield [served.operations]


@asynccontextmanager
async def channel(_folder: Path) -> AsyncIterator[Urls]:
    configuration = load_configuration(CONFIGURATION)
    nothing = Credentials(NoSecrets(), NoSecrets)
    credentials = dict.fromkeys(configuration.accounts_of("sms"), nothing)
    app = Channel(definition_of("sms"), SETTINGS, configuration, credentials).application()
    async with serving(app, SETTINGS) as served:
        yield [served.operations]


@asynccontextmanager
async def ingress(folder: Path) -> AsyncIterator[Urls]:
    async with running_ingress(AMQP_URL, folder) as providers:
        yield [providers.base_url, providers.operations_url]


def all_series() -> set[Series]:
    return {
        (family.name, frozenset(sample.labels.items()))
        for family in REGISTRY.collect()
        for sample in family.samples
    }


async def flood(url: str) -> None:
    """Send every method to every kind of path, each time with a word of its own, and no HTTP."""
    async with aiohttp.ClientSession() as http:
        for path in PATHS * ROUNDS:
            for method in METHODS:
                word = uuid.uuid4().hex
                target = URL(url + path.format(word=word), encoded=True)
                headers = {"Host": f"{word}.example", "Authorization": f"Bearer {word}"}
                with contextlib.suppress(aiohttp.ClientConnectionError):
                    async with http.request(method, target, headers=headers) as response:
                        await response.read()
    host, port = str(URL(url).host), int(URL(url).port or 0)
    for _ in range(ROUNDS):
        _reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"{uuid.uuid4().hex} {uuid.uuid4().hex}\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.mark.parametrize("service", [router, channel, ingress])
async def test_random_requests_add_no_series(
    tmp_path: Path, service: Callable[[Path], AbstractAsyncContextManager[Urls]]
) -> None:
    """On both listeners of ingress, and on those of a router and of a channel's worker.

    What a service does meanwhile may begin a series of those that are there from their first use.
    """
    async with service(tmp_path) as urls:
        before = all_series()
        for url in urls:
            await flood(url)
        new = {name for name, _ in all_series() - before}
    usual = {name for name, metric in METRICS.items() if metric.begins is Begins.USE}
    assert new <= {name.removesuffix("_total") for name in usual}
