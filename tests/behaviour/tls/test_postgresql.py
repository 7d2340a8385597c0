"""PostgreSQL over TLS, with an authority of our own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from herald.database.migrations import migrate
from herald.database.pool import Database
from herald.database.problems import problem_of
from private_authority import Authority
from tls_servers import TlsDatabase, tls_database


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsDatabase]:
    """Give a server of this module's own."""
    home = tmp_path_factory.mktemp("tls-database")
    with tls_database(home, Authority(home / "authority")) as server:
        yield server


async def test_services_and_migrations_verify_it(server: TlsDatabase) -> None:
    """`sslmode=verify-full` and `sslrootcert` in the DSN are all it takes."""
    await server.show(server.authority.server("127.0.0.1"))
    assert await server.until_encrypted()
    await migrate(server.dsn())
    database = Database(server.dsn(), application_name="tls")
    await database.start()
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM router.messages") == 0
    await database.stop()


async def test_another_authoritys_certificate_is_refused(
    server: TlsDatabase, tmp_path: Path
) -> None:
    """And it is said why, without the password."""
    other = Authority(tmp_path, "another authority")
    await server.show(server.authority.server("127.0.0.1"))
    await server.until_encrypted()
    dsn = server.dsn(other.certificate)
    with pytest.raises(OSError, match="certificate verify failed") as caught:
        await asyncpg.connect(dsn)
    said = problem_of(caught.value, dsn)
    assert "its certificate is not trusted: " in said
    assert "a1b2c3" not in said


async def test_another_hosts_certificate_is_refused(server: TlsDatabase) -> None:
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
