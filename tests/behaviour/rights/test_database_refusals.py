"""Each role of the database: what is not its business is refused."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import pytest

from behaviour.rights.made_roles import RoleDatabase, role_database
from herald.channel import account_rows
from herald.sessions import rows as session_rows
from herald_local.servers import Servers

CREATE = "CREATE TABLE router.mine ()"
TEMPORARY = "CREATE TEMPORARY TABLE mine ()"
PUBLIC = "CREATE TABLE public.mine ()"
MIGRATIONS = (
    "INSERT INTO public.herald_migrations (schema, number, name) VALUES ('router', 999, 'x')"
)
EVERYBODYS = (
    CREATE,
    TEMPORARY,
    PUBLIC,
    MIGRATIONS,
    "CREATE ROLE mine",
    "SET ROLE pg_write_all_data",
)

ALLOWED = {
    "router": (
        "SELECT * FROM channel.withdraw('{a}')",
        "SELECT * FROM channel.health",
        "SELECT router.make_history_partitions(1)",
        "SELECT count(*) FROM router.messages",
    ),
    "channel": (
        "INSERT INTO channel.sends (attempt_id, state) VALUES ('b', 'withdrawn')",
        "SELECT * FROM channel.accounts",
        "INSERT INTO channel.egress (egress, server) VALUES ('a', 'b:1')",
        "SELECT * FROM channel.egress_drains",
        "SELECT sealed FROM channel.sessions",
        "SELECT channel.routers_read_batches()",
    ),
    "reader": (
        "SELECT * FROM router.attempts",
        "SELECT * FROM router.timeline",
        "SELECT * FROM channel.health",
        "SELECT id, status, outcome FROM router.messages",
        "SELECT queue, reason FROM router.dead_letters",
    ),
    "operator": (
        "SELECT * FROM router.attempts",
        "SELECT act, subject FROM router.audit",
        "INSERT INTO channel.egress_drains (egress) VALUES ('a') ON CONFLICT DO NOTHING",
        "UPDATE channel.egress SET check_at = clock_timestamp() WHERE egress = 'a'",
        "DELETE FROM channel.egress_drains WHERE egress = 'a'",
    ),
    "owner": (CREATE, "DROP TABLE router.mine"),
}
REFUSED = {
    "router": (
        "SELECT * FROM channel.sends",
        "SELECT * FROM channel.sessions",
        "INSERT INTO channel.sends (attempt_id, state) VALUES ('c', 'withdrawn')",
        "UPDATE channel.accounts SET paused = true",
        "UPDATE router.audit SET act = 'nothing'",
        "DELETE FROM router.audit",
        "TRUNCATE router.messages",
        "DROP TABLE router.messages",
        "DELETE FROM router.masking",
    ),
    "channel": (
        "SELECT * FROM router.messages",
        "SELECT * FROM router.recipients",
        "SELECT * FROM router.attempts",
        "DELETE FROM router.outbox",
        "SELECT * FROM router.listeners",
        "SELECT channel.withdraw('{a}')",
        "SELECT channel.remove('{a}')",
        "TRUNCATE channel.sends",
        "DELETE FROM channel.accounts",
        "DELETE FROM channel.sessions",
    ),
    "reader": (
        "SELECT content FROM router.messages",
        "SELECT plan FROM router.messages",
        "SELECT state FROM router.messages",
        "SELECT * FROM router.messages",
        "SELECT * FROM router.recipients",
        "SELECT element FROM router.history",
        "SELECT sender FROM router.inbound",
        "SELECT element FROM router.inbound",
        "SELECT body FROM router.dead_letters",
        "SELECT headers FROM router.dead_letters",
        "SELECT addresses FROM router.erasures",
        "SELECT frames FROM router.outbox",
        "SELECT report FROM channel.sends",
        "SELECT sealed FROM channel.sessions",
        "SELECT reference FROM router.provider_refs",
        "SELECT * FROM router.masking",
        "UPDATE router.messages SET outcome = 'failed'",
        "UPDATE channel.accounts SET paused = true",
        "SELECT router.drop_history_partition('2020-01-01')",
    ),
    "operator": (
        "SELECT content FROM router.messages",
        "SELECT * FROM router.recipients",
        "UPDATE channel.accounts SET trouble = 'none'",
        "SELECT sealed FROM channel.sessions",
        "UPDATE channel.sessions SET account = 'other'",
        "INSERT INTO channel.sessions (channel) VALUES ('email')",
        "DELETE FROM channel.accounts",
        "DELETE FROM router.audit",
        "UPDATE router.dead_letters SET replayed_by = 'nobody'",
    ),
}
OWNERS = (
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    "ALTER SYSTEM SET work_mem = '1MB'",
    "COPY router.messages TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/hostname')",
    "SET ROLE pg_write_all_data",
)
CASES = [
    *((role, statement) for role, own in REFUSED.items() for statement in (*own, *EVERYBODYS)),
    *(("owner", statement) for statement in OWNERS),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, servers: Servers) -> Iterator[RoleDatabase]:
    """Give a database with roles."""
    folder = tmp_path_factory.mktemp("passwords")
    with role_database(folder, servers.postgres_dsn) as made:
        assert made.set_up().exit_code == 0
        yield made


@pytest.mark.parametrize("role", ALLOWED)
async def test_what_is_its_own_is_allowed(database: RoleDatabase, role: str) -> None:
    """Else a refusal below would show nothing."""
    async with database.connected(role) as connection:
        for statement in ALLOWED[role]:
            await connection.execute(statement)


@pytest.mark.parametrize(("role", "statement"), CASES)
async def test_the_rest_is_refused(database: RoleDatabase, role: str, statement: str) -> None:
    """The schemas of others, contents, definitions, and all that is the server's."""
    async with database.connected(role) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_an_operator_pauses_and_resumes(database: RoleDatabase) -> None:
    """With the very statements of `herald account`."""
    async with database.connected("operator") as connection:
        assert await account_rows.pause(connection, "sms", "main", "p")
        assert not await account_rows.pause(connection, "sms", "main", "p")
        assert await account_rows.resume(connection, "sms", "main")
    async with database.connected("router") as connection:
        row = await connection.fetchrow("SELECT account, state FROM channel.health")
        assert row is not None
        assert tuple(row) == ("main", "up")


async def test_an_operator_lists_revokes_and_renews_sessions(database: RoleDatabase) -> None:
    """With the very statements of `herald sessions`; workers make and refresh them."""
    async with database.connected("channel") as connection:
        await session_rows.begin(connection, "email", [("gmail", "smtp", "refresh_token")])
    key = session_rows.Key("email", "gmail")
    async with database.connected("operator") as connection:
        assert [one.account for one in await session_rows.list_all(connection)] == ["gmail"]
        assert await session_rows.revoke(connection, key)
        assert await session_rows.renew(connection, key, from_file=False)
        assert await session_rows.renew(connection, key, from_file=True)


async def test_others_do_not_even_get_in(database: RoleDatabase) -> None:
    """The server's other users have no business in Herald's database."""
    other = f"{database.roles.prefix}_other"
    database.set_password(other, "x")
    database.execute(f"CREATE ROLE {other} LOGIN PASSWORD 'x'")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT"):
            await asyncpg.connect(database.dsn(other))
    finally:
        database.execute(f"DROP ROLE {other}")
