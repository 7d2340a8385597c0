"""Who may do what in Herald's schemas, besides their owner."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from typer.testing import CliRunner
from yarl import URL

from herald.cli.application import application
from herald.database.migrations import SCHEMAS, migrate

OPEN_TO_ALL = """
    SELECT format('%s.%s', nspname, proname)
    FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE nspname = ANY ($1)
      AND EXISTS (
          SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner)))
          WHERE grantee = 0 AND privilege_type = 'EXECUTE'
      )
"""
FUNCTIONS = """
    SELECT format('%s.%s', nspname, proname)
    FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE nspname = ANY ($1)
"""


@pytest_asyncio.fixture
async def owner(postgres_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Give a connection of the role that migrated."""
    await migrate(postgres_dsn)
    connection = await asyncpg.connect(postgres_dsn)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def other_user(owner: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """Give the connection of a role that may look into the schemas and nothing else."""
    role = f"unknown_{uuid.uuid4().hex}"
    await owner.execute(f"CREATE ROLE {role}")
    await owner.execute(f"GRANT USAGE ON SCHEMA channel, router TO {role}")
    await owner.execute(f"SET ROLE {role}")
    yield owner
    await owner.execute("RESET ROLE")
    await owner.execute(f"DROP OWNED BY {role}")
    await owner.execute(f"DROP ROLE {role}")


@pytest.mark.parametrize(
    "call",
    ["SELECT channel.withdraw(ARRAY['x'])", "SELECT router.make_history_partitions(1)"],
)
async def test_a_role_without_the_right_calls_no_function(
    other_user: asyncpg.Connection, call: str
) -> None:
    """They run with their owner's rights: another user could take work back, or make tables."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for function"):
        await other_user.execute(call)


async def test_no_function_is_open_to_everybody(owner: asyncpg.Connection) -> None:
    """PostgreSQL gives PUBLIC every new function, so each migration must take it away."""
    functions = await owner.fetch(FUNCTIONS, SCHEMAS)
    assert len(functions) >= 2
    assert [row[0] for row in await owner.fetch(OPEN_TO_ALL, SCHEMAS)] == []


def test_migrate_says_which_right_is_missing(postgres_dsn: str) -> None:
    """PostgreSQL says what may not be done; that is what an administrator needs."""
    role = f"poor_{uuid.uuid4().hex}"
    dsn = asyncio.run(_as_new_role(postgres_dsn, role))
    result = CliRunner().invoke(application, ["migrate"], env={"HERALD_POSTGRES_DSN": dsn})
    asyncio.run(_execute(postgres_dsn, f"DROP ROLE {role}"))
    assert result.exit_code == 1
    assert (
        "does not allow the user to do this: permission denied for schema public" in result.output
    )


async def _as_new_role(dsn: str, role: str) -> str:
    await _execute(dsn, f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
    return str(URL(dsn).with_user(role).with_password("x"))


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.close()
