"""A whole Herald over TLS, by the one switch: `HERALD_TLS_CA_FILE`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from urllib.parse import quote

import psycopg
import pytest
from typer.testing import CliRunner

from herald.cli.application import application
from herald.service.tls_switch import VARIABLE
from herald_local import rabbitmq_programs, services
from herald_local.lifecycle import running_stack
from herald_local.servers import GivenServers
from herald_local.stack import Stack
from herald_local.web import call
from private_authority import Authority
from tls_servers import ADDRESS, tls_database, tls_node

pytestmark = pytest.mark.skipif(rabbitmq_programs.find() is None, reason="needs RabbitMQ here")

PATIENCE_SECONDS = 20  # the management interface learns of connections within some seconds
SERVICES = set(services.NAMES) - {"sandbox"}
WITH_DATABASE = SERVICES - {"ingress"}
SESSIONS = """
SELECT application_name, bool_and(ssl)
FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
WHERE datname = current_database() AND application_name LIKE 'herald-%'
GROUP BY application_name
"""


@pytest.fixture(scope="module")
def encrypted_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run a Herald whose broker and database are named by URLs that ask for TLS."""
    home = tmp_path_factory.mktemp("tls")
    authority = Authority(home / "authority")
    with (
        pytest.MonkeyPatch.context() as environment,
        tls_node(home / "broker", authority, certified_clients=False) as node,
        tls_database(tmp_path_factory.mktemp("tls-database"), authority) as database,
    ):
        environment.setenv(VARIABLE, str(authority.certificate))
        asyncio.run(database.show(authority.server(ADDRESS)))
        assert asyncio.run(database.until_encrypted())
        given = GivenServers(
            amqp_url=f"amqps://herald:{node.password}@{ADDRESS}:{node.tls_port}/"
            f"?cafile={authority.certificate}",
            management_url=f"https://herald:{node.password}@{ADDRESS}:{node.tls_management_port}",
            postgres_dsn=database.dsn(),
        )
        with running_stack(home / "stack", given) as stack:
            yield stack


def test_a_message_is_delivered_and_every_connection_is_encrypted(encrypted_stack: Stack) -> None:
    """Command line, services, broker and database: none of them speaks in clear."""
    stack = encrypted_stack
    command = ["send", "--phone", "+15550000001", "--route", "sms", "--text", "hello"]
    command += ["--wait", "delivered", "--timeout", "30s"]
    sent = CliRunner(env=stack.environment).invoke(application, command)
    assert sent.exit_code == 0, sent.output
    assert "delivered" in sent.output
    with psycopg.connect(stack.servers.postgres_dsn) as database:
        sessions: dict[str, bool] = dict(database.execute(SESSIONS).fetchall())
    assert sessions == dict.fromkeys((f"herald-{name}" for name in WITH_DATABASE), True)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := _broker_connections(stack)).keys() < SERVICES:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    assert {name for name, is_encrypted in found.items() if not is_encrypted} == set()


def _broker_connections(stack: Stack) -> dict[str, bool]:
    """Return, of each service, whether all its connections are encrypted."""
    host = quote(stack.access.names.virtual_host, safe="")
    answer = call("GET", f"{stack.servers.management_url}/api/vhosts/{host}/connections")
    found: dict[str, bool] = {}
    for row in json.loads(answer.body):
        name = str(row.get("user_provided_name", "")).partition(" ")[0].removeprefix("herald-")
        if name in SERVICES:
            found[name] = found.get(name, True) and row["ssl"]
    return found
