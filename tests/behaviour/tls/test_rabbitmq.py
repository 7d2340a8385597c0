"""RabbitMQ over TLS, with an authority of our own that also signs the clients' certificates."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from behaviour.bus.publishing import publish_confirmed
from behaviour.bus.rabbit import until
from broker_users import broker_user
from herald.bus.connections import Connections
from herald.bus.declaration import apply
from herald.bus.outgoing_messages import OutgoingMessage
from herald.client import Client, ConnectionFailedError
from herald.config.broker_users import own_user
from herald.contracts.rights import Rights
from herald.contracts.topology import OUTBOUND, outbound_key, topology_for
from herald.contracts.vocabulary import Lane
from herald.service.server_urls import broker_user as broker_user_of
from herald_local import rabbitmq_programs
from private_authority import Authority
from tls_servers import ADDRESS, TlsNode, tls_node

pytestmark = pytest.mark.skipif(rabbitmq_programs.find() is None, reason="needs RabbitMQ here")

USER = "worker"
Query = dict[str, Path | str]


def url_of(node: TlsNode, *, host: str = ADDRESS, signs_in: bool = True, query: Query) -> str:
    """Return the URL of the listener with TLS: with a password, or without a user."""
    user = f"herald:{node.password}@" if signs_in else ""
    given = "&".join(f"{name}={value}" for name, value in query.items())
    return f"amqps://{user}{host}:{node.tls_port}/?{given}"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsNode]:
    """Give a broker of this module's own, which takes nobody without a certificate."""
    home = tmp_path_factory.mktemp("tls-broker")
    with tls_node(home, Authority(home / "authority"), certified_clients=True) as node:
        yield node


@pytest.fixture(scope="module")
def trusting(node: TlsNode) -> Query:
    """Give the query of a URL that trusts the authority and shows a certificate of its own."""
    pair = node.authority.client(USER)
    return {
        "cafile": node.authority.certificate,
        "certfile": pair.certificate,
        "keyfile": pair.key,
    }


@asynccontextmanager
async def started(url: str, user: str | None = None) -> AsyncIterator[Connections]:
    service = Connections(url, app_id="tls", user=user, registry=CollectorRegistry())
    await service.start()
    try:
        async with asyncio.timeout(20):
            await until(lambda: service.is_connected)
        yield service
    finally:
        await service.stop()


async def published(service: Connections) -> None:
    message = OutgoingMessage(
        exchange=OUTBOUND,
        routing_key=outbound_key("sms", Lane.NORMAL),
        body=b"{}",
        message_id="1",
        type="test",
    )
    await publish_confirmed(service.publisher, message, timeout_seconds=10)


async def test_services_and_the_topology_job(node: TlsNode, trusting: Query) -> None:
    """Both verify the broker and show their certificate."""
    url = url_of(node, query=trusting)
    await apply(url, topology_for(["sms"]))
    async with started(url) as service:
        await published(service)


async def test_a_certificate_says_who_it_is(node: TlsNode, trusting: Query) -> None:
    """Without a user and a password; `user_id` is then the certificate's common name."""
    await apply(url_of(node, query=trusting), topology_for(["sms"]))
    rights = Rights(write=f"^{re.escape(OUTBOUND)}$")
    with broker_user(node.management_url, node.amqp_url, "/", rights, USER):
        url = url_of(node, signs_in=False, query=trusting | {"auth": "EXTERNAL"})
        assert broker_user_of(url) is None
        async with started(url, own_user(None, (USER,))) as service:
            await published(service)


async def test_the_client(node: TlsNode, trusting: Query) -> None:
    """Its URL says the same."""
    await apply(url_of(node, query=trusting), topology_for(["sms"]))
    async with Client(url_of(node, query=trusting)) as herald:
        assert await herald.publish({"to": {"phone": "+15550002222"}, "content": {"text": "Hi"}})


@pytest.fixture
def wrong(request: pytest.FixtureRequest, node: TlsNode, trusting: Query, tmp_path: Path) -> str:
    """Give a URL that leads to no connection."""
    other = Authority(tmp_path / "other", "another authority")
    foreign = other.client(USER)
    urls = {
        "authority": url_of(node, query=trusting | {"cafile": other.certificate}),
        "host": url_of(node, host="127.0.0.2", query=trusting),
        "nobody": url_of(node, query={"cafile": node.authority.certificate}),
        "foreign certificate": url_of(
            node, query=trusting | {"certfile": foreign.certificate, "keyfile": foreign.key}
        ),
    }
    return urls[request.param]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("authority", "its certificate is not trusted: self-signed certificate"),
        ("host", "certificate is not valid for '127.0.0.2'"),
        ("nobody", "certificate of ours"),
        ("foreign certificate", "certificate of ours"),
    ],
    indirect=["wrong"],
)
async def test_the_client_says_what_is_wrong(wrong: str, reason: str) -> None:
    """It connects to no broker that it can't verify, nor to one that does not take it."""
    with pytest.raises(ConnectionFailedError) as caught:
        async with Client(wrong):
            pass
    assert reason in str(caught.value)
    assert "a1b2c3" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("authority", "self-signed certificate in certificate chain"),
        ("host", "certificate is not valid for '127.0.0.2'"),
    ],
    indirect=["wrong"],
)
async def test_a_service_goes_on_trying(
    wrong: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It never publishes to a broker that it can't verify, and its log says why."""
    service = Connections(wrong, app_id="tls", registry=CollectorRegistry())
    await service.start()
    try:
        async with asyncio.timeout(20):
            while reason not in caplog.text:  # noqa: ASYNC110  the library logs, and sets no event
                await asyncio.sleep(0.05)
        await until(lambda: reason in str(service.problem))
        assert "a1b2c3" not in caplog.text
    finally:
        await service.stop()
