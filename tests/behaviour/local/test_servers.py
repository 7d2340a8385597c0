"""The servers tests and stacks stand on."""

from __future__ import annotations

import aio_pika
import asyncpg
import pytest

from herald_local import rabbitmq_management
from herald_local.errors import LocalError
from herald_local.servers import GivenServers


async def test_a_fresh_virtual_host_carries_a_message(amqp_url: str) -> None:
    """What is published into the module's virtual host comes back out of it."""
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("parcel", exclusive=True)
        await channel.default_exchange.publish(aio_pika.Message(b"hello"), queue.name)
        message = await queue.get(no_ack=True)
    assert message.body == b"hello"


async def test_a_fresh_database_is_recent_and_empty(postgres_dsn: str) -> None:
    """The module's database has no tables and is at least PostgreSQL 15."""
    connection = await asyncpg.connect(postgres_dsn)
    try:
        tables = await connection.fetchval(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        )
        assert tables == 0
        assert connection.get_server_version() >= (15, 0)
    finally:
        await connection.close()


def test_a_deleted_virtual_host_is_gone(management_url: str) -> None:
    """A virtual host can be deleted, and deleting it again is fine."""
    rabbitmq_management.create_vhost(management_url, "passing guest/1")
    rabbitmq_management.delete_vhost(management_url, "passing guest/1")
    rabbitmq_management.delete_vhost(management_url, "passing guest/1")


def test_a_broker_that_is_away_is_named(servers: object) -> None:
    """A management interface that does not respond is an error that says so."""
    with pytest.raises(LocalError, match="no response"):
        rabbitmq_management.create_vhost("http://guest:guest@127.0.0.1:9", "nowhere")


def test_addresses_from_a_stacks_own_env_file_are_not_the_users_choice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Given servers count, unless the shell has them from a stack."""
    monkeypatch.delenv("HERALD_STACK", raising=False)
    monkeypatch.setenv("HERALD_AMQP_URL", "amqp://guest:guest@broker.example.com/")
    monkeypatch.setenv("HERALD_RABBITMQ_MANAGEMENT_URL", "http://guest:guest@broker.example.com")
    assert GivenServers.from_environment().amqp_url == "amqp://guest:guest@broker.example.com/"
    monkeypatch.setenv("HERALD_STACK", "dev")
    assert GivenServers.from_environment() == GivenServers()


def test_a_broker_without_its_management_interface_is_refused() -> None:
    """No user can be made there; it is said what to name."""
    with pytest.raises(LocalError, match="HERALD_RABBITMQ_MANAGEMENT_URL is not set"):
        GivenServers(amqp_url="amqp://guest:guest@broker.example.com/")
