"""`herald migrate --roles`: roles made, a database taken over, and rights kept right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psycopg
import pytest
from yarl import URL

from behaviour.rights.made_roles import RoleDatabase, role_database
from herald_local.servers import Servers

OWNERS = """
WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname IN ('channel', 'router'))
SELECT DISTINCT rolname FROM pg_roles JOIN (
    SELECT relowner AS owner FROM pg_class
    WHERE relnamespace IN (SELECT oid FROM ours) OR oid = 'public.herald_migrations'::regclass
    UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace IN (SELECT oid FROM ours)
    UNION ALL SELECT typowner FROM pg_type WHERE typnamespace IN (SELECT oid FROM ours)
    UNION ALL SELECT nspowner FROM pg_namespace WHERE oid IN (SELECT oid FROM ours)
) AS owned ON owner = pg_roles.oid
"""
GRANTEES = """
SELECT count(*) FROM pg_class, aclexplode(relacl)
WHERE oid = 'router.messages'::regclass AND grantee = $1::text::regrole
"""
UNGRANTED = """
SELECT c.oid::regclass::text FROM pg_class AS c
WHERE relnamespace::regnamespace::text IN ('channel', 'router') AND relkind IN ('r', 'p', 'v')
    AND NOT relispartition
    AND NOT EXISTS (SELECT FROM aclexplode(relacl) WHERE grantee <> relowner)
    AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attacl IS NOT NULL)
"""


@pytest.fixture
def database(tmp_path: Path, servers: Servers) -> Iterator[RoleDatabase]:
    """Give an empty database without roles."""
    with role_database(tmp_path / "passwords", servers.postgres_dsn) as made:
        yield made


async def fetch(dsn: str, query: str, *arguments: object) -> list[object]:
    connection = await asyncpg.connect(dsn)
    try:
        return [row[0] for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()


async def test_all_is_made_once(database: RoleDatabase) -> None:
    """The owner has all of it; a second time there is nothing to do."""
    first = json.loads(database.set_up("--json").stdout)
    assert first["roles"] == {"made": list(database.roles.all), "changed": []}
    assert len(first["applied"]) >= 10
    again = json.loads(database.set_up("--json").stdout)
    assert again == {"applied": [], "roles": {"made": [], "changed": []}}
    assert await fetch(database.admin_dsn, OWNERS) == [database.roles.owner]


async def test_every_table_is_somebodys(database: RoleDatabase) -> None:
    """A migration that adds one says in rights.sql who may use it."""
    database.set_up()
    assert await fetch(database.admin_dsn, UNGRANTED) == []


async def test_a_database_of_before_is_taken_over(database: RoleDatabase) -> None:
    """What another role made becomes the owner's, with what it holds."""
    assert database.migrate().exit_code == 0
    database.execute("INSERT INTO channel.sends (attempt_id, state) VALUES ('a', 'withdrawn')")
    assert database.set_up().exit_code == 0
    assert await fetch(database.admin_dsn, OWNERS) == [database.roles.owner]
    async with database.connected("channel") as connection:
        assert await connection.fetchval("SELECT attempt_id FROM channel.sends") == "a"


@pytest.mark.parametrize("who", ["the owner", "an administrator"])
async def test_later_migrations_keep_rights_right(database: RoleDatabase, who: str) -> None:
    """Whoever runs them: what is new is the owner's, granted, and nobody else's; excess goes."""
    roles = database.roles
    database.set_up()
    database.execute("DROP VIEW channel.health")
    database.execute("DELETE FROM public.herald_migrations WHERE name = 'health'")
    others = f"{roles.prefix}_reader, {roles.prefix}_channel"
    database.execute(f"GRANT ALL ON router.messages TO {others}")
    dsn = database.dsn(roles.owner) if who == "the owner" else None
    assert database.migrate(dsn=dsn).stdout == "applied channel/0005_health\n"
    assert await fetch(database.admin_dsn, OWNERS) == [roles.owner]
    async with database.connected("router") as connection:
        assert await connection.fetch("SELECT * FROM channel.health") == []
    for name in ("reader", "channel"):
        assert await fetch(database.admin_dsn, GRANTEES, f"{roles.prefix}_{name}") == [0]


async def test_what_a_migration_makes_is_closed_at_once(database: RoleDatabase) -> None:
    """Also a function whose author forgot to close it."""
    database.set_up()
    async with database.connected("owner") as connection:
        await connection.execute(
            "CREATE FUNCTION router.forgotten() RETURNS int LANGUAGE sql AS 'SELECT 1'"
        )
    async with database.connected("router") as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="function forgotten"):
            await connection.execute("SELECT router.forgotten()")


async def test_roles_that_others_made_are_enough(database: RoleDatabase) -> None:
    """An operator of PostgreSQL makes them: the database's owner needs no right to make roles."""
    for role in database.roles.all:
        password = (database.folder / role).read_text()
        database.execute(f"CREATE ROLE \"{role}\" LOGIN PASSWORD '{password}'")
    name = URL(database.admin_dsn).path[1:]
    database.execute(f'ALTER DATABASE {name} OWNER TO "{database.roles.owner}"')
    done = database.set_up(dsn=database.dsn(database.roles.owner))
    assert done.exit_code == 0, done.output
    assert "made role" not in done.stdout
    async with database.connected("router") as connection:
        assert await connection.fetch("SELECT * FROM channel.withdraw('{}')") == []


async def test_an_administrator_who_is_no_superuser_is_enough(database: RoleDatabase) -> None:
    """As hosted PostgreSQL gives one: it may make roles, and owns the database."""
    admin, name = f"{database.roles.prefix}_admin", URL(database.admin_dsn).path[1:]
    database.set_password(admin, "s3cret")
    database.execute(f"CREATE ROLE {admin} LOGIN CREATEROLE PASSWORD 's3cret'")
    database.execute(f"ALTER DATABASE {name} OWNER TO {admin}")
    try:
        for _ in range(2):
            done = database.set_up(dsn=database.dsn(admin))
            assert done.exit_code == 0, done.output
        assert await fetch(database.admin_dsn, OWNERS) == [database.roles.owner]
    finally:
        database.execute(f"ALTER DATABASE {name} OWNER TO CURRENT_USER")
        database.execute(f"DROP OWNED BY {admin}; DROP ROLE {admin}")


def test_a_missing_role_that_can_not_be_made_is_named(database: RoleDatabase) -> None:
    """With what to do."""
    database.set_up()
    owner, reader = database.roles.owner, f"{database.roles.prefix}_reader"
    database.execute(f'DROP OWNED BY "{reader}"; DROP ROLE "{reader}"')
    done = database.set_up(dsn=database.dsn(owner))
    assert done.exit_code == 1
    assert f"role {reader} can't be made or changed: " in done.stderr
    assert "CREATEROLE" in done.stderr


@pytest.mark.parametrize("strength", ["SUPERUSER", "CREATEROLE", "BYPASSRLS"])
def test_a_strong_role_is_refused(database: RoleDatabase, strength: str) -> None:
    """Nothing would keep it to its rights."""
    role = f"{database.roles.prefix}_router"
    database.execute(f'CREATE ROLE "{role}" {strength}')
    done = database.set_up()
    assert done.exit_code == 1
    assert f"{role}: no superuser" in done.stderr


def test_a_member_of_the_owner_is_refused(database: RoleDatabase) -> None:
    """It could do all that the owner may."""
    database.set_up()
    role = f"{database.roles.prefix}_channel"
    database.execute(f'GRANT "{database.roles.owner}" TO "{role}"')
    assert f"{role}: no superuser" in database.set_up().stderr


def logs_in(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


def test_passwords_are_kept_unless_asked(database: RoleDatabase) -> None:
    """And a role without one can't log in: users are made its members."""
    roles = database.roles
    router, reader = f"{roles.prefix}_router", f"{roles.prefix}_reader"
    (database.folder / reader).unlink()
    database.set_up()
    old = database.dsn(router)
    database.set_password(router, "another-one")
    assert "changed" not in database.set_up().stdout
    assert logs_in(old)
    assert f"changed role {router}\n" in database.set_up("--replace-passwords").stdout
    assert not logs_in(old)
    assert logs_in(database.dsn(router))
    database.set_password(reader, "given later")
    assert not logs_in(database.dsn(reader))
    assert f"changed role {reader}\n" in database.set_up().stdout
    assert logs_in(database.dsn(reader))


async def test_a_user_works_as_a_member(database: RoleDatabase) -> None:
    """A login of its own, so that it can be replaced while the other still works."""
    (database.folder / f"{database.roles.prefix}_router").unlink()
    database.set_up()
    member = f"{database.roles.prefix}_member"
    database.set_password(member, "x")
    database.execute(
        f"CREATE ROLE {member} LOGIN PASSWORD 'x' IN ROLE {database.roles.prefix}_router"
    )
    try:
        query = "SELECT count(*) FROM router.messages"
        assert await fetch(database.dsn(member), query) == [0]
    finally:
        database.execute(f"DROP ROLE {member}")


def test_who_may_not_close_the_database_is_answered_so(database: RoleDatabase) -> None:
    """PostgreSQL only warns; rights that stay open must not pass for closed."""
    database.set_up()
    name = URL(database.admin_dsn).path[1:]
    database.execute(f"GRANT TEMPORARY ON DATABASE {name} TO PUBLIC")
    done = database.set_up(dsn=database.dsn(database.roles.owner))
    assert done.exit_code == 1
    assert f"PUBLIC still has TEMPORARY on database {name}: run this as" in done.stderr


def test_a_prefix_that_is_none_is_refused(database: RoleDatabase) -> None:
    """It would end up in statements."""
    done = database.migrate("--roles", "--role-prefix", 'x"; DROP')
    assert done.exit_code == 2
    assert "--role-prefix: not a prefix of roles" in done.stderr
