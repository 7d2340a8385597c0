"""A broker and a database that take TLS, with an authority of a test's own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from herald_local import ports
from herald_local.postgresql_server import PostgresqlServer
from herald_local.rabbitmq_node import NodePorts, RabbitmqNode
from herald_local.servers import erase
from herald_local.unprivileged import Identity, unprivileged_identity
from private_authority import Authority, Pair

ADDRESS = "127.0.0.1"
_PATIENCE_SECONDS = 20
_TLS = """
listeners.ssl.1 = 127.0.0.1:{tls}
listeners.ssl.2 = 127.0.0.2:{tls}
ssl_options.cacertfile = {authority}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
management.ssl.ip = 127.0.0.1
management.ssl.port = {tls_management}
management.ssl.cacertfile = {authority}
management.ssl.certfile = {certificate}
management.ssl.keyfile = {key}
"""
_TAKES_CERTIFIED_CLIENTS_ONLY = """
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
ssl_cert_login_from = common_name
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsNode(RabbitmqNode):
    """A node with listeners for TLS beside its others.

    `certified_clients`: it takes nobody over TLS without a certificate, and whoever has one may
    sign in by it.
    """

    tls_port: int
    tls_management_port: int
    authority: Authority
    certified_clients: bool

    def _write_files(self) -> None:
        RabbitmqNode._write_files(self)
        pair = self.authority.server(ADDRESS)
        settings = _TLS.format(
            tls=self.tls_port,
            tls_management=self.tls_management_port,
            authority=self.authority.certificate,
            certificate=pair.certificate,
            key=pair.key,
        )
        with (self.directory / "rabbitmq.conf").open("a") as configuration:
            configuration.write(settings)
            if self.certified_clients:
                configuration.write(_TAKES_CERTIFIED_CLIENTS_ONLY)
        plugins = "[rabbitmq_management,rabbitmq_auth_mechanism_ssl].\n"
        (self.directory / "enabled_plugins").write_text(plugins)


@contextmanager
def tls_node(home: Path, authority: Authority, *, certified_clients: bool) -> Iterator[TlsNode]:
    """Run a broker for the time of a `with` block."""
    taken: set[int] = set()
    for _ in range(6):
        taken.add(ports.free_port(taken))
    amqp, management, distribution, epmd, tls, tls_management = taken
    node = TlsNode(
        home=home,
        ports=NodePorts(amqp=amqp, management=management, distribution=distribution, epmd=epmd),
        password="a1b2c3",
        tls_port=tls,
        tls_management_port=tls_management,
        authority=authority,
        certified_clients=certified_clients,
    )
    try:
        node.start(die_with_parent=True)
        yield node
    finally:
        node.stop(gracefully=False)
        erase(home)


@dataclass(frozen=True, slots=True)
class TlsDatabase:
    """A server that can be given certificates while it runs."""

    server: PostgresqlServer
    identity: Identity
    authority: Authority

    def dsn(self, authority: Path | None = None) -> str:
        """Return the DSN of whoever verifies the server against an authority."""
        trusted = authority or self.authority.certificate
        return f"{self.server.dsn}?sslmode=verify-full&sslrootcert={trusted}"

    async def show(self, pair: Pair) -> None:
        """Have the server show a certificate from now on."""
        connection = await asyncpg.connect(self.server.dsn, ssl=False)
        for setting, file in (("ssl_cert_file", pair.certificate), ("ssl_key_file", pair.key)):
            copy = Path(shutil.copy2(file, self.server.directory))
            self.identity.own(copy)
            await connection.execute(f"ALTER SYSTEM SET {setting} = '{copy}'")
        await connection.execute("ALTER SYSTEM SET ssl = on")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.close()

    async def until_encrypted(self) -> bool:
        """Connect once the server has taken its new settings; say whether that is encrypted."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                try:
                    connection = await asyncpg.connect(self.dsn())
                except OSError:
                    await asyncio.sleep(0.1)
                else:
                    break
        encrypted = await connection.fetchval(
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        )
        await connection.close()
        return bool(encrypted)


@contextmanager
def tls_database(home: Path, authority: Authority) -> Iterator[TlsDatabase]:
    """Run a database for the time of a `with` block; it shows no certificate yet."""
    identity = unprivileged_identity()
    server = PostgresqlServer(home=home, port=ports.free_port(), password="a1b2c3")
    try:
        server.start(die_with_parent=True, identity=identity)
        yield TlsDatabase(server, identity, authority)
    finally:
        server.stop()
        erase(home)
