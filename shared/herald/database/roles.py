"""Setting a database up with roles: who owns it, and who may do what (`herald migrate --roles`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import asyncpg

from herald.database.migrations import Migration, apply_missing, locked
from herald.database.pool import Connection
from herald.database.queries import load_queries
from herald.database.rights import Roles, act_as, close_database, keep_rights
from herald.database.scram import verifier

_QUERIES = load_queries("herald.database", "ownership.sql")
_OPTIONS_ON_MEMBERSHIP = 16  # the version from which on making a role is not being a member of it


class RolesError(Exception):
    """The roles are not as they must be; the text says why and what to do."""


@dataclass(slots=True)
class RolesDone:
    """What was done, by name."""

    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)  # given a password, or a login
    applied: list[Migration] = field(default_factory=list)


async def migrate_with_roles(
    dsn: str,
    roles: Roles,
    passwords: Mapping[str, str],
    *,
    replace_passwords: bool = False,
) -> RolesDone:
    """Make the roles that are missing, migrate as the owner, and give each role its rights.

    What is Herald's already becomes the owner's. Safe to repeat. `passwords`, by role: such a role
    can log in; one that could before keeps its password unless `replace_passwords`. Roles made
    without one can't log in: users are made members of them.

    Raises:
        RolesError: a role can't be made or is too strong, or others still have rights.
        asyncpg.PostgresError, OSError: PostgreSQL refuses or is away.
    """
    verifiers = {role: _verifier(role, password) for role, password in passwords.items()}
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        async with locked(connection):
            done = RolesDone()
            await _make(connection, roles, verifiers, done, replace_passwords=replace_passwords)
            await _refuse_strong(connection, roles)
            await _become_member(connection, roles)
            await close_database(connection, roles)
            for row in await connection.fetch(_QUERIES["take_over"], roles.owner):
                await connection.execute(row["statement"])
            await act_as(connection, roles)
            done.applied = await apply_missing(connection)
            await keep_rights(connection, roles)
            await _refuse_openness(connection)
        return done
    finally:
        await connection.close()


def _verifier(role: str, password: str) -> str:
    try:
        return verifier(password)
    except ValueError as error:
        raise RolesError(f"{role}: {error}") from None


async def _make(
    connection: Connection,
    roles: Roles,
    verifiers: Mapping[str, str],
    done: RolesDone,
    *,
    replace_passwords: bool,
) -> None:
    rows = await connection.fetch(_QUERIES["known_roles"], roles.all)
    can_login = {row["rolname"]: row["rolcanlogin"] for row in rows}
    for role in roles.all:
        secret = verifiers.get(role)
        login = f"LOGIN PASSWORD '{secret}'" if secret else "NOLOGIN"
        try:
            if role not in can_login:
                await connection.execute(f'CREATE ROLE "{role}" {login}')
                done.made.append(role)
            elif secret and (replace_passwords or not can_login[role]):
                await connection.execute(f'ALTER ROLE "{role}" {login}')
                done.changed.append(role)
        except asyncpg.InsufficientPrivilegeError as error:
            raise RolesError(
                f"role {role} can't be made or changed: {error}: run this as a user with"
                " CREATEROLE, or have the role made before"
            ) from None
        except asyncpg.DuplicateObjectError:
            pass  # another Herald's `migrate --roles` on the same server was first


async def _refuse_strong(connection: Connection, roles: Roles) -> None:
    rows = await connection.fetch(_QUERIES["too_strong"], roles.all, roles.owner)
    if rows:
        names = ", ".join(row["rolname"] for row in rows)
        raise RolesError(
            f"{names}: no superuser, no CREATEROLE, CREATEDB, REPLICATION or BYPASSRLS, and no"
            f" member of {roles.owner} may be one of Herald's roles"
        )


async def _become_member(connection: Connection, roles: Roles) -> None:
    """Let the connection's user act as the owner; a superuser may, the owner is it."""
    has_options = connection.get_server_version().major >= _OPTIONS_ON_MEMBERSHIP
    may = await connection.fetchval(
        "SELECT pg_has_role($1::text, $2::text)", roles.owner, "SET" if has_options else "MEMBER"
    )
    if may:
        return
    try:
        await connection.execute(f'GRANT "{roles.owner}" TO CURRENT_USER')
    except asyncpg.InsufficientPrivilegeError as error:
        raise RolesError(
            f"{error}: run this as {roles.owner}, as its member or as a superuser"
        ) from None


async def _refuse_openness(connection: Connection) -> None:
    rows = await connection.fetch(_QUERIES["open_to_public"])
    if rows:
        opened = ", ".join(row["opened"] for row in rows)
        raise RolesError(
            f"PUBLIC still has {opened}: run this as the database's owner or as a superuser"
        )
