"""PostgreSQL over TLS, with an authority of our own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from herald.database.migrations import migrate
from herald.database.pool import Database
from herald.database.problems import problem_of
from herald_local import ports
from herald_local.postgresql_server import PostgresqlServer
from herald_local.servers import erase
from herald_local.unprivileged import Identity, unprivileged_identity
from private_authority import Authority, Pair


@dataclass(frozen=True, slots=True)
class TlsServer:
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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    """Give a server of this module's own."""
    home = tmp_path_factory.mktemp("tls-database")
    identity = unprivileged_identity()
    server = PostgresqlServer(home=home, port=ports.free_port(), password="a1b2c3")
    try:
        server.start(die_with_parent=True, identity=identity)
        yield TlsServer(server, identity, Authority(home / "authority"))
    finally:
        server.stop()
        erase(home)


async def _until_encrypted(dsn: str) -> bool:
    """Connect once the server has taken its new settings; say whether that is encrypted."""
    async with asyncio.timeout(20):
        while True:
            try:
                connection = await asyncpg.connect(dsn)
            except (ConnectionError, OSError):
                await asyncio.sleep(0.1)
            else:
                break
    encrypted = await connection.fetchval(
        "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    )
    await connection.close()
    return bool(encrypted)


async def test_services_and_migrations_verify_it(server: TlsServer) -> None:
    """`sslmode=verify-full` and `sslrootcert` in the DSN are all it takes."""
    await server.show(server.authority.server("127.0.0.1"))
    assert await _until_encrypted(server.dsn())
    await migrate(server.dsn())
    database = Database(server.dsn(), application_name="tls")
    await database.start()
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM router.messages") == 0
    await database.stop()


async def test_another_authoritys_certificate_is_refused(server: TlsServer, tmp_path: Path) -> None:
    """And it is said why, without the password."""
    other = Authority(tmp_path, "another authority")
    await server.show(server.authority.server("127.0.0.1"))
    await _until_encrypted(server.dsn())
    dsn = server.dsn(other.certificate)
    with pytest.raises(OSError, match="certificate verify failed") as caught:
        await asyncpg.connect(dsn)
    said = problem_of(caught.value, dsn)
    assert "its certificate is not trusted: " in said
    assert "a1b2c3" not in said


async def test_another_hosts_certificate_is_refused(server: TlsServer) -> None:
    """Also where our authority signed it."""
    await server.show(server.authority.server("127.0.0.2"))
    async with asyncio.timeout(20):
        while True:
            try:
                await (await asyncpg.connect(server.dsn())).close()
                await asyncio.sleep(0.1)  # it still shows the former one
            except OSError as error:
                problem = problem_of(error, server.dsn())
                break
    assert "certificate is not valid for '127.0.0.1'" in problem
